import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { registry } from "../../src/providers/registry.ts";
import { scenarioTable } from "../../src/sandbox/scenarios.ts";
import { twins } from "../../src/sandbox/twins.ts";

describe.each(twins)("the $title sandbox", ({ kind, scenarios }) => {
  it("every scenario of a sandbox is documented as it is", async () => {
    const page = await readFile(new URL("../../docs/sandbox.md", import.meta.url), "utf8");
    expect(page).toContain(scenarioTable(scenarios));
  });

  it("every suffix of a sandbox is there once", () => {
    expect(new Set(scenarios.map(({ suffix }) => suffix)).size).toBe(scenarios.length);
  });

  it("every suffix below 030 has the same name in all sandboxes", () => {
    const names = new Map(twins.flatMap((twin) => twin.scenarios.map(({ suffix, name }) => [suffix, name])));
    for (const { suffix, name } of scenarios.filter((one) => one.suffix < "030" && one.suffix !== "015")) {
      expect(name).toBe(names.get(suffix));
    }
  });

  it("every sandbox plays a registered provider", () => {
    expect(Object.keys(registry)).toContain(kind);
  });
});
