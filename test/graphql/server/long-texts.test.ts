import { getNamedType, isCompositeType } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../../src/graphql/schema/schema.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { callWith, textArguments } from "../../support/id-arguments.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, operatorKey });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const operatorKey = "operator-key-0123456789abcdef012345";

/** An expression that tries each place of such a text once more from each of its places is busy for minutes. */
const length = 300_000;
const pieces = [" ", "/", " of", "[", "'", "1."];
const longTexts = pieces.map((piece) => `https://127.0.0.1${piece.repeat(length / piece.length)}x`);

/** What needs another value than any to be looked at. */
const fillers: Readonly<Record<string, string>> = { name: '"A name"', timeZone: '"UTC"' };

const taken = textArguments(schema).filter(({ operation }) => operation !== "subscription");

it("finds the places that take a text", () => expect(taken.length).toBeGreaterThan(150));

it.each(taken.map((one) => ({ ...one, name: `${one.field.name} ${one.path.join(".")}` })))(
  "a text of any length is looked at once: $name",
  async (place) => {
    const selected = isCompositeType(getNamedType(place.field.type)) ? " { __typename }" : "";
    for (const text of longTexts) {
      const call = callWith(place, text, (_field, name) => fillers[name]);
      const key = /account/i.test(place.field.name) ? operatorKey : app.key;
      const answer = await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ query: `${place.operation} { ${call}${selected} }` }),
      });
      expect(await answer.text()).not.toMatch(/INTERNAL|Syntax Error/);
    }
  },
);
