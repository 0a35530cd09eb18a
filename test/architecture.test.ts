import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { architectureTables } from "../scripts/print-docs.ts";
import { folderOf, readArchitecture, readSources } from "../scripts/architecture.ts";

const { imports, tables } = readArchitecture();
const sources = readSources();

describe("the source code", () => {
  it("the source code imports only along the table of architecture.json, types included", () => {
    const forbidden = sources.flatMap(({ path, folder, imports: targets }) =>
      targets
        .filter((target) => folderOf(target) !== folder)
        .filter((target) => imports[folder]?.from.includes(folderOf(target)) !== true)
        .map((target) => `${path} may not import ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  it("architecture.json allows no import that no file needs", () => {
    const needed = new Set(
      sources.flatMap(({ folder, imports: targets }) =>
        targets.map((target) => `${folder} ${folderOf(target)}`),
      ),
    );
    const idle = Object.entries(imports).flatMap(([folder, { from }]) =>
      from.filter((other) => !needed.has(`${folder} ${other}`)).map((other) => `${folder} -> ${other}`),
    );
    expect(idle).toEqual([]);
  });

  it("the source code has no import cycle, between folders or between files, types included", () => {
    expect(cycleIn(new Map(Object.entries(imports).map(([folder, { from }]) => [folder, from])))).toEqual([]);
    expect(cycleIn(new Map(sources.map((file) => [file.path, file.imports])))).toEqual([]);
  });

  it("the source code reaches a provider through the registry only", () => {
    const vendor = /^src\/providers\/(?!wire\/)([^/]+)\//;
    const around = sources.flatMap(({ path, imports: targets }) =>
      targets
        .filter((target) => vendor.test(target) && path !== "src/providers/registry.ts")
        .filter((target) => vendor.exec(target)?.[1] !== vendor.exec(path)?.[1])
        .map((target) => `${path} imports ${target}`),
    );
    expect(around).toEqual([]);
  });

  it("the source code writes each table only from the folders that architecture.json names for it", () => {
    const strangers = sources.flatMap(({ path, folder, writes }) =>
      writes
        .filter((table) => tables[table]?.includes(folder) !== true)
        .map((table) => `${path} may not write ${table}`),
    );
    expect(strangers).toEqual([]);
  });

  it("each table of the database has an owner in architecture.json that writes it", () => {
    const written = new Set(
      sources.flatMap(({ folder, writes }) => writes.map((table) => `${folder} ${table}`)),
    );
    const idle = Object.entries(tables).flatMap(([table, owners]) =>
      owners
        .filter((owner) => !written.has(`${owner} ${table}`))
        .map((owner) => `${owner} does not write ${table}`),
    );
    expect(idle).toEqual([]);
  });

  it("docs/architecture.md shows the tables of architecture.json (npm run docs)", async () => {
    expect(await readFile("docs/architecture.md", "utf8")).toContain(architectureTables());
  });
});

/** The first cycle found, as the places on it; empty when there is none. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (place: string, path: readonly string[]): string[] => {
    if (path.includes(place)) return [...path.slice(path.indexOf(place)), place];
    if (done.has(place)) return [];
    for (const next of graph.get(place) ?? []) {
      const cycle = walk(next, [...path, place]);
      if (cycle.length > 0) return cycle;
    }
    done.add(place);
    return [];
  };
  for (const place of graph.keys()) {
    const cycle = walk(place, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
