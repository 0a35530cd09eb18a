import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { buildSchema, isObjectType } from "graphql";
import { describe, expect, expectTypeOf, it } from "vitest";
import { build, type Rollup } from "vite";
import { printGenerated } from "../../packages/client/codegen.ts";
import { isError } from "../../packages/client/src/is-error.ts";
import { possibleTypes } from "../../packages/client/src/possible-types.ts";
import type { SendResult } from "../../packages/client/src/types.ts";

const maxBytes = 4096;

describe("the client package", () => {
  it("the client package has a core of at most 4 KB, compressed", async () => {
    const built = (await build({
      configFile: false,
      logLevel: "silent",
      build: {
        write: false,
        lib: { entry: "packages/client/src/index.ts", formats: ["es"] },
        rolldownOptions: { external: /^graphql-ws/ },
      },
    })) as Rollup.RollupOutput[];
    const chunks = built.flatMap(({ output }) => output);
    expect(chunks).toHaveLength(1);
    const [{ code } = { code: "" }] = chunks as Rollup.OutputChunk[];
    expect(code).toContain("graphql-ws/client");
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(maxBytes);
  });

  it("the client package fits the schema (if not, run `npm run schema`)", async () => {
    for (const { path, text } of await printGenerated()) expect(await readFile(path, "utf8")).toBe(text);
  });

  it("the client package has an entry point for each adapter, and needs only the libraries that are used", async () => {
    const text = await readFile("packages/client/package.json", "utf8");
    const { exports, peerDependencies, peerDependenciesMeta, dependencies } = JSON.parse(text) as {
      exports: Record<string, string>;
      peerDependencies: Record<string, string>;
      peerDependenciesMeta: Record<string, { optional: boolean }>;
      dependencies?: object;
    };
    expect(Object.keys(exports)).toEqual(
      expect.arrayContaining([".", "./apollo", "./react", "./relay", "./urql"]),
    );
    expect(dependencies).toBeUndefined();
    const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    expect(needed).toEqual(["graphql-ws"]);
  });
});

describe("isError", () => {
  it("isError tells typed errors from successes, by their type or their fields", () => {
    expect(isError({ __typename: "NoRouteError", code: "NO_ROUTE", message: "" })).toBe(true);
    expect(isError({ code: "NO_ROUTE", message: "" })).toBe(true);
    expect(isError({ __typename: "Message", id: "1" })).toBe(false);
    expect(isError({ id: "1" })).toBe(false);
  });

  it("isError knows every error of the schema by its name, and takes nothing else for one", async () => {
    const schema = buildSchema(await readFile("schema.graphql", "utf8"));
    const named = Object.values(schema.getTypeMap()).filter(
      (type) => isObjectType(type) && type.name.endsWith("Error"),
    );
    expect(named.map(({ name }) => name).toSorted()).toEqual(possibleTypes["Error"]);
  });

  it("isError narrows the type of a result", () => {
    const result = { __typename: "NoRouteError", code: "NO_ROUTE", message: "" } as SendResult;
    if (isError(result)) expectTypeOf(result.code).toExtend<string>();
    else expectTypeOf(result.__typename).toEqualTypeOf<"Message">();
    expect(isError(result)).toBe(true);
  });
});
