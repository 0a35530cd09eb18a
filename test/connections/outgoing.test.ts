import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connector } from "../../src/connections/connect.ts";
import { Connections } from "../../src/connections/connections.ts";
import { createSecretBox } from "../../src/connections/secret-box.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { json, serveAnswers } from "../providers/serve-answers.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post, queueMessage, update } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider, mutate, type Outcome } from "../support/mutations.ts";

/** What is sent to a provider, and which parts of its answers are passed on. */

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, maxProvidersPerAccount: 25 });
});

afterAll(() => app.stop());

const change = (id: string, input: object): Promise<Outcome> =>
  mutate(app.client, "updateProvider", "UpdateProviderInput!", { id, ...input });

describe("another origin of a provider", () => {
  const kinds: [kind: string, input: object, secrets: object, missing: string][] = [
    ["tikosms", { apiToken: "secret" }, { apiToken: "again" }, "apiToken"],
    ["tonkra", { apiToken: "secret" }, { apiToken: "again" }, "apiToken"],
    ["telekom", { token: "s".repeat(64) }, { token: "t".repeat(64) }, "token"],
    ["qikli", { username: "u", password: "secret" }, { password: "again" }, "password"],
  ];

  it.each(kinds)(
    "a new origin in the base URL needs the credentials of %s again",
    async (kind, input, secrets, missing) => {
      const { provider } = await app.client.data<{ provider: { id: string } }>(
        `mutation ($input: ConnectProviderInput!) {
        provider: connectProvider(input: $input) { ... on Provider { id } ... on Error { code message } }
      }`,
        { input: { [kind]: { name: kind, baseUrl: "https://one.example.com/api", ...input } } },
      );
      const refused = {
        __typename: "InvalidInputError",
        field: missing,
        message: expect.stringContaining("again"),
      };
      for (const baseUrl of [
        "https://two.example.com/api",
        "https://one.example.com:8443/api",
        "https://one.example.com.evil.example",
        "http://localhost",
      ]) {
        expect(await change(provider.id, { baseUrl })).toMatchObject(refused);
      }
      expect(await change(provider.id, { baseUrl: "https://one.example.com/other" })).toMatchObject({
        __typename: "Provider",
      });
      expect(await change(provider.id, { baseUrl: "https://two.example.com", ...secrets })).toMatchObject({
        __typename: "Provider",
      });
    },
  );

  it("a new origin does not get the session made at the earlier one", async () => {
    const input = { name: "T", token: "s".repeat(64), useSession: true, baseUrl: "https://one.example.com" };
    const { id } = await app.services.connector.connect(app.accountId, "TELEKOM", input);
    const value = app.services.connections.sealSecrets(id, { credentials: {}, callbackSecret: "" });
    const { providerState } = app.services.database.prisma;
    await providerState.create({ data: { providerId: id, value } });
    const updateWith = (own: object): Promise<object> =>
      app.services.connector.update(app.accountId, id, { ...own });
    await updateWith({ name: "Renamed" });
    expect(await providerState.count({ where: { providerId: id } })).toBe(1);
    await updateWith({ baseUrl: "https://two.example.com", token: "s".repeat(64) });
    expect(await providerState.count({ where: { providerId: id } })).toBe(0);
  });
});

const careful = (): Connector =>
  new Connector({
    ...app.services,
    allowInsecureProviders: true,
    allowPrivateProviders: false,
    maxProvidersPerAccount: 25,
  });

describe("a provider in a private network, where they are not allowed,", () => {
  it.each([
    "https://127.0.0.1",
    "https://localhost",
    "https://[::1]:8443",
    "http://169.254.169.254/latest",
    "https://10.0.0.7",
    "https://0x7f.1",
    "https://2130706433",
    "https://[::ffff:192.168.0.1]",
  ])("%s is refused as a base URL in a private network, on connecting and on updating", async (baseUrl) => {
    const { id } = await careful().connect(app.accountId, "TIKOSMS", { name: "T", apiToken: "t" });
    const refused = { code: "INVALID_INPUT", field: "baseUrl", message: expect.stringContaining("private") };
    const input = { name: "T", apiToken: "t", baseUrl };
    await expect(careful().connect(app.accountId, "TIKOSMS", input)).rejects.toMatchObject(refused);
    await expect(careful().update(app.accountId, id, input)).rejects.toMatchObject(refused);
    await app.services.connector.disconnect(app.accountId, id);
  });

  it("a connected provider that turns out to be in a private network gets no requests", async () => {
    const { origin, requests } = await serveAnswers(() => json({ message: "a secret of the network" }));
    const input = { name: "T", apiToken: "token", baseUrl: origin };
    const { id } = await app.services.connector.connect(app.accountId, "TIKOSMS", input);
    const box = createSecretBox(app.secretKey);
    const guarded = new Connections(app.services.database, box, () => "", { publicOnly: true });
    const reply = await (await guarded.get(id))?.client.check();
    expect(reply).toMatchObject({
      ok: false,
      problem: { kind: "unreachable", detail: expect.stringContaining("ALLOW_PRIVATE_PROVIDERS") },
    });
    expect(requests).toHaveLength(0);
    await guarded.close();
  });
});

it("the text of an answer that is not the provider's is never passed on", async () => {
  const secret = "root:x:0:0";
  const bodies = [
    secret,
    `<html>${secret}</html>`,
    JSON.stringify({ data: secret, users: [secret] }),
    `["${secret}"]`,
  ];
  for (const body of bodies) {
    for (const status of [200, 404, 500]) {
      const { origin } = await serveAnswers(() => ({ status, body }));
      for (const kind of ["TIKOSMS", "TONKRA", "TELEKOM", "QIKLI"] as const) {
        const own = {
          TIKOSMS: { apiToken: "t" },
          TONKRA: { apiToken: "t" },
          TELEKOM: { token: "t".repeat(64) },
        };
        const credentials = kind === "QIKLI" ? { username: "u", password: "p" } : own[kind];
        const input = { name: kind, baseUrl: origin, ...credentials };
        const account = await app.createAccount();
        const { id } = await app.services.connector.connect(account, kind, input);
        const reply = await (await app.services.connections.get(id))?.client.check();
        expect(JSON.stringify(reply)).not.toContain(secret);
      }
    }
  }
});

const ok = { status: 200, text: "ok\n" };

const rotate = async (id: string, overlapHours: number): Promise<Outcome & { callbackUrl: string }> => {
  const document = `mutation ($id: ID!, $overlapHours: Int!) {
    rotated: rotateCallbackSecret(id: $id, overlapHours: $overlapHours) {
      __typename ... on Provider { callbackUrl } ... on InvalidInputError { field message }
    }
  }`;
  const { rotated } = await app.client.data<{ rotated: Outcome & { callbackUrl: string } }>(document, {
    id,
    overlapHours,
  });
  return rotated;
};

describe("a callback URL", () => {
  it("a callback URL can be replaced and stays valid during the overlap", async () => {
    const id = await connectProvider(app.client, { defaultSender: "smsgraph" });
    const first = await callbackUrlOf(app, id);
    const { callbackUrl: second } = await rotate(id, 96);
    expect(second).not.toBe(first);
    expect(await callbackUrlOf(app, id)).toBe(second);
    const message = await queueMessage(app, { providerId: id });
    expect(await post(first, update({ client_ref: message, status: "SENT" }))).toEqual(ok);
    expect(await post(second, update({ client_ref: message, status: "DELIVRD" }))).toEqual(ok);
    expect(await rotate(id, 721)).toMatchObject({ __typename: "InvalidInputError", field: "overlapHours" });

    // The URL has leaked: all earlier ones must end at once.
    const { callbackUrl: third } = await rotate(id, 0);
    for (const url of [first, second]) expect(await post(url, "[]")).toMatchObject({ status: 404 });
    expect(await post(third, update({ client_ref: message, status: "DELIVRD" }))).toEqual(ok);
  });

  it("a replaced callback URL stops working when its overlap is over", async () => {
    const id = await connectProvider(app.client);
    const first = await callbackUrlOf(app, id);
    await rotate(id, 1);
    const connection = await app.services.connections.get(decodeId("Provider", id));
    const [earlier] = connection?.callbackSecrets.earlierSecrets ?? [];
    expect(first).toContain(earlier?.secret);
    expect(Date.parse(earlier?.until ?? "") - Date.now()).toBeGreaterThan(3_500_000);
    if (earlier) earlier.until = new Date(Date.now() - 1).toISOString();
    expect(await post(first, "[]")).toMatchObject({ status: 404 });
  });

  it("a callback URL stops working at once when its provider is disconnected", async () => {
    const id = await connectProvider(app.client, { defaultSender: "smsgraph" });
    const first = await callbackUrlOf(app, id);
    const { callbackUrl: second } = await rotate(id, 96);
    const message = await queueMessage(app, { providerId: id });
    await mutate(app.client, "disconnectProvider", "ID!", id);
    for (const url of [first, second]) {
      expect(await post(url, update({ client_ref: message, status: "SENT" }))).toMatchObject({ status: 404 });
    }
  });
});

it("an account cannot exceed its number of connected providers, even with concurrent calls", async () => {
  const account = await app.createAccount();
  const client = new GraphqlClient(app.url, await app.createKey(undefined, account));
  const connect = (): Promise<Outcome> =>
    mutate(client, "connectProvider", "ConnectProviderInput!", { tikosms: { name: "T", apiToken: "t" } });
  const outcomes = await Promise.all(Array.from({ length: 28 }, connect));
  const refused = outcomes.filter(({ code }) => code === "TOO_MANY_PROVIDERS");
  expect([outcomes.length - refused.length, refused.length]).toEqual([25, 3]);
  expect(refused[0]?.message).toContain("Disconnect one first");
  const { id } = await app.services.database.prisma.provider.findFirstOrThrow({
    where: { accountId: account },
  });
  await app.services.connector.disconnect(account, id);
  expect(await connect()).toMatchObject({ __typename: "Provider" });
});
