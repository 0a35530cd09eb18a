import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { countRows } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { leakIn } from "../support/leaks.ts";
import { advice, connectProvider, mutate, nobody, type Outcome } from "../support/mutations.ts";

let app: TestApp;
let providerId: string;
let foreignProviderId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client);
  const foreign = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  foreignProviderId = await connectProvider(foreign);
});

afterAll(() => app.stop());

const connectTo = (input: object): Promise<Outcome> =>
  mutate(app.client, "connectProvider", "ConnectProviderInput!", {
    tikosms: { name: "T", apiToken: "token", ...input },
  });

describe("bad settings of a connection", () => {
  const refused: [what: string, input: object, field: string, words: RegExp][] = [
    ["no name", { name: "" }, "name", /1 to 100 characters/],
    ["a blank name", { name: " \t" }, "name", /1 to 100 characters/],
    ["too long a name", { name: "x".repeat(101) }, "name", /1 to 100 characters/],
    ["a NUL in the name", { name: "a\0b" }, "name", advice.unstorable],
    ["half a surrogate pair in the name", { name: "a\ud800b" }, "name", advice.unstorable],
    ["no token", { apiToken: "" }, "apiToken", /printable ASCII/],
    ["a token of spaces", { apiToken: "  " }, "apiToken", /printable ASCII/],
    ["a token that could end the header", { apiToken: "a\r\nx: y" }, "apiToken", /printable ASCII/],
    ["a NUL in the token", { apiToken: "a\0b" }, "apiToken", advice.unstorable],
    ["something that is no URL", { baseUrl: "nope" }, "baseUrl", /must be an http or https URL/],
    ["another protocol", { baseUrl: "ftp://example.com" }, "baseUrl", /must be an http or https URL/],
    [
      "plain http to another machine",
      { baseUrl: "http://example.com" },
      "baseUrl",
      /must start with https:\/\//,
    ],
    [
      "plain http to an address",
      { baseUrl: "http://169.254.169.254/" },
      "baseUrl",
      /must start with https:\/\//,
    ],
    [
      "plain http to a name that looks local",
      { baseUrl: "http://localhost.example.com" },
      "baseUrl",
      /https:\/\//,
    ],
    ["a password in the URL", { baseUrl: "https://me:you@example.com" }, "baseUrl", /no user name, password/],
    ["a NUL in the URL", { baseUrl: "https://example.com/\0" }, "baseUrl", advice.unstorable],
    ["a time zone that there is not", { timeZone: "Mars/Olympus_Mons" }, "timeZone", /such as Europe\/Kyiv/],
    ["an empty time zone", { timeZone: "" }, "timeZone", /such as Europe\/Kyiv/],
    [
      "too long a default sender",
      { defaultSender: "x".repeat(16) },
      "defaultSender",
      /longer than the 15 characters/,
    ],
    ["an empty default sender", { defaultSender: "" }, "defaultSender", /sender is empty/],
    ["half a surrogate pair in it", { defaultSender: "\udc00" }, "defaultSender", advice.unstorable],
  ];

  it.each(refused)("connectProvider and updateProvider refuse %s", async (_, input, field, words) => {
    const before = await countRows(app);
    const expected = {
      __typename: "InvalidInputError",
      code: "INVALID_INPUT",
      field,
      message: expect.stringMatching(words),
    };
    const connected = await connectTo(input);
    const updated = await mutate(app.client, "updateProvider", "UpdateProviderInput!", {
      id: providerId,
      ...input,
    });
    expect([connected, updated]).toEqual([expected, expected]);
    expect(leakIn([connected, updated])).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
  });

  it.each(["updateProvider", "disconnectProvider", "checkProvider"])(
    "the mutation %s refuses an id that is not a provider of this account",
    async (name) => {
      const type = name === "updateProvider" ? "UpdateProviderInput!" : "ID!";
      const change = (id: string): Promise<Outcome> =>
        mutate(app.client, name, type, name === "updateProvider" ? { id, name: "Mine" } : id);
      expect(await change("nonsense")).toMatchObject({ __typename: "InvalidInputError", code: "INVALID_ID" });
      expect(await change(nobody("Message"))).toMatchObject({ code: "INVALID_ID" });
      for (const id of [nobody("Provider"), foreignProviderId]) {
        expect(await change(id)).toMatchObject({ __typename: "NotFoundError", code: "NOT_FOUND", id });
      }
      const gone = await connectProvider(app.client);
      await mutate(app.client, "disconnectProvider", "ID!", gone);
      expect(await change(gone)).toMatchObject({ code: "NOT_FOUND" });
    },
  );
});
