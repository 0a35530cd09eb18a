import { parse, print } from "graphql";
import { expect, it } from "vitest";
import { answeredPart } from "../../../src/graphql/live/answered-part.ts";
import { schema } from "../../../src/graphql/schema/schema.ts";

const partOf = (query: string, variableValues: Record<string, unknown> = {}) => {
  const document = parse(query);
  const part = answeredPart({ schema, document, operationName: undefined, variableValues });
  return { text: print(part.document).replaceAll(/\s+/g, " "), values: part.variableValues, part, document };
};

it("the filter of a subscription, and the variables that only it has, are let go once it has started", () => {
  const { text, values } = partOf(
    `subscription ($ids: [ID!], $after: Cursor, $withText: Boolean!) {
      messageEvents(filter: { messageIds: $ids }, after: $after) { ...frame }
    }
    fragment frame on MessageEventBatch { events { id message { text @include(if: $withText) } } }`,
    { ids: ["a"], after: "b", withText: true, unknown: 1 },
  );
  expect(text).toBe(
    "subscription ($withText: Boolean!) { messageEvents { ...frame } } " +
      "fragment frame on MessageEventBatch { events { id message { text @include(if: $withText) } } }",
  );
  expect(values).toEqual({ withText: true });
});

it("an argument that a field requires stays, and so does everything where there is nothing to let go", () => {
  const query = "subscription ($id: ID!) { messageChanged(id: $id) { id } }";
  const { part, document, values } = partOf(query, { id: "a" });
  expect(part.document).toBe(document);
  expect(values).toEqual({ id: "a" });
  const two =
    'subscription One { messageEvents(after: "a") { __typename } } subscription Two { messageEvents { __typename } }';
  const several = partOf(two);
  expect(several.part.document).toBe(several.document);
});

it("a long document is let go as a whole, with its tokens", () => {
  const ids = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => `id ${index}`));
  const { part, text } = partOf(
    `subscription { messageEvents(filter: { messageIds: ${ids} }) { __typename } }`,
  );
  expect(text).toBe("subscription { messageEvents { __typename } }");
  expect(part.document.loc).toBeUndefined();
});
