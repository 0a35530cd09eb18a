import { readdir, readFile } from "node:fs/promises";
import { parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { errorsDocument } from "../scripts/errors-document.ts";
import { metricsDocument } from "../scripts/metrics-document.ts";
import { schema } from "../src/graphql/schema/schema.ts";

/** Every operation that the documents show, with where it stands. */
async function operations(): Promise<[string, string][]> {
  const documents = (await readdir("docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const found: [string, string][] = [];
  for (const path of ["README.md", "examples/README.md", ...documents]) {
    const text = await readFile(path, "utf8");
    const blocks = text.matchAll(/^ *```graphql\n(.*?)^ *```/gms);
    for (const [index, [, operation = ""]] of [...blocks].entries())
      found.push([`${path} ${index + 1}`, operation]);
  }
  return found;
}

describe("the operations in the documents", async () => {
  const all = await operations();

  it("operations are found in the documents", () => {
    expect(all.length).toBeGreaterThan(5);
  });

  it.each(all)("the operation %s in the documents is valid", (_place, operation) => {
    expect(validate(schema, parse(operation))).toEqual([]);
  });
});

it("docs/errors.md is what the code says; `npm run docs` prints it", async () => {
  expect(await readFile("docs/errors.md", "utf8")).toBe(errorsDocument());
});

it("docs/metrics.md is what the code says; `npm run docs` prints it", async () => {
  expect(await readFile("docs/metrics.md", "utf8")).toBe(metricsDocument());
});

/** As it stands in a test file. */
const testName = (name: string): RegExp => new RegExp(`(^|[\\s(\\[,])"${RegExp.escape(name)}"`);

it("every guarantee names tests that exist", async () => {
  const text = await readFile("docs/guarantees.md", "utf8");
  const [promised = ""] = text.split("## Not promised");
  const names = [...promised.matchAll(/^- `(.+)`$/gm)].map(([, name = ""]) => name);
  const files = (await readdir("test", { recursive: true })).filter((path) => path.endsWith(".test.ts"));
  const tests = (await Promise.all(files.map((path) => readFile(`test/${path}`, "utf8")))).join("\n");
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !testName(name).test(tests))).toEqual([]);
  const promises = promised.split("\n\n**").slice(1);
  expect(promises.filter((promise) => !promise.includes("\n- `"))).toEqual([]);
});

it("the list of decisions names each of them", async () => {
  const list = await readFile("docs/decisions/README.md", "utf8");
  const files = (await readdir("docs/decisions")).filter((name) => /^\d/.test(name));
  expect(files.filter((name) => !list.includes(`](${name})`))).toEqual([]);
});
