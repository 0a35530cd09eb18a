import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DocumentCache } from "../../../src/graphql/server/document-cache.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";

const documentOf = (letter: string, length = 100): string => letter.repeat(length);

/** A document is remembered from the second time on. */
function setTwice(cache: DocumentCache<string>, document: string, result: string): void {
  cache.set(document, result);
  cache.set(document, result);
}

it("keeps nothing of a document that was asked for only once", () => {
  const cache = new DocumentCache<string>({ longest: 200, together: 1_800 });
  cache.set(documentOf("a"), "a");
  expect(cache.get(documentOf("a"))).toBeUndefined();
  cache.set(documentOf("a"), "a");
  for (let other = 0; other < 20; other++) cache.set(documentOf(`${other % 10}`, 100 + other), "other");
  expect(cache.get(documentOf("a"))).toBe("a");
});

it("remembers the documents that were asked for last, as many as are short enough together", () => {
  const cache = new DocumentCache<string>({ longest: 200, together: 1_800 });
  for (const letter of ["a", "b", "c"]) setTwice(cache, documentOf(letter), letter);
  expect(cache.get(documentOf("a"))).toBe("a");
  setTwice(cache, documentOf("d"), "d");
  expect(["a", "b", "c", "d"].map((letter) => cache.get(documentOf(letter)))).toEqual([
    "a",
    undefined,
    "c",
    "d",
  ]);
  setTwice(cache, documentOf("e", 200), "e");
  expect(cache.get(documentOf("d"))).toBe("d");
  expect(cache.get(documentOf("c"))).toBeUndefined();
});

it("does not remember a long document, and counts one that comes again once", () => {
  const cache = new DocumentCache<string>({ longest: 200, together: 1_800 });
  setTwice(cache, documentOf("a"), "a");
  for (let turn = 0; turn < 10; turn++) cache.set(documentOf("b"), `b${turn}`);
  setTwice(cache, documentOf("long", 51), "long");
  expect(cache.get(documentOf("long", 51))).toBeUndefined();
  expect(cache.get(documentOf("a"))).toBe("a");
  expect(cache.get(documentOf("b"))).toBe("b9");
});

describe("a document that is almost empty and very long", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ runsWorker: false });
  });
  afterAll(async () => {
    await app.client.close();
    await app.stop();
  });

  it.each([
    ["spaces", `{ viewer { keyName } }${" ".repeat(1_100_000)}`],
    ["a comment", `{ viewer { keyName } } #${"x".repeat(1_100_000)}`],
    ["a text", `{ node(id: "${"x".repeat(1_100_000)}") { id } }`],
  ])("is refused: %s", async (_what, query) => {
    const answer = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    expect(await answer.text()).toContain("Pass long texts and lists as variables");
  });
});
