import { parse, type OperationDefinitionNode } from "graphql";
import { describe, expect, test } from "vitest";
import { areOdd } from "../../../src/graphql/guards/odd-variables.ts";
import { schema } from "../../../src/graphql/schema/schema.ts";

const fields = (count: number, value: unknown = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, value]));
const recipients = (count: number, values: object) =>
  Array.from({ length: count }, () => ({ to: "+421901000000", values }));

function isOdd(type: string, value: unknown): boolean {
  const [definition] = parse(`query ($value: ${type}) { viewer { keyName } }`).definitions;
  return areOdd(schema, (definition as OperationDefinitionNode).variableDefinitions ?? [], { value });
}

describe("variables that hold far more than their types describe", () => {
  test.each<[what: string, type: string, value: unknown]>([
    ["an input with thousands of fields that it does not have", "SendMessageInput!", fields(5_000)],
    ["such inputs in a list", "[SendMessageInput!]!", [fields(150), fields(150)]],
    ["a field that it does not have, with thousands of values", "SendMessageInput!", { odd: fields(5_000) }],
    ["a large object in place of a text", "SendMessageInput!", { to: fields(5_000) }],
    ["a large list in place of a text", "String", Array.from({ length: 5_000 }, () => 1)],
    ["a list in place of an input", "SendMessageInput!", Array.from({ length: 5_000 }, () => ({}))],
    [
      "values of more columns than a file may have",
      "CreateCampaignInput!",
      { recipients: recipients(1, fields(1_001)) },
    ],
    [
      "values with many values of their own",
      "CreateCampaignInput!",
      { recipients: recipients(1, { name: fields(5_000) }) },
    ],
  ])("%s is odd", (_, type, value) => expect(isOdd(type, value)).toBe(true));

  test.each<[what: string, type: string, value: unknown]>([
    [
      "a campaign with 20,000 recipients",
      "CreateCampaignInput!",
      { recipients: recipients(20_000, fields(3)) },
    ],
    [
      "values of as many columns as a file may have",
      "CreateCampaignInput!",
      { recipients: recipients(9, fields(1_000)) },
    ],
    ["a hundred fields that an input does not have", "SendMessageInput!", fields(100)],
    ["one input in place of a list", "[SendMessageInput!]!", { to: "+421901000000" }],
    ["nothing", "SendMessageInput", null],
  ])("%s is not odd", (_, type, value) => expect(isOdd(type, value)).toBe(false));
});
