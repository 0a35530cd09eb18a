import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditAction } from "../../src/audit/actions.ts";
import { forgetAudit } from "../../src/audit/forget.ts";
import { recordAudit } from "../../src/audit/record.ts";
import { schema } from "../../src/graphql/schema/schema.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { applyChanges } from "../../src/messages/changes/transition.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { update } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider } from "../support/mutations.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";

interface Entry {
  id: string;
  action: AuditAction;
  actor: { kind: string; keyId: string; keyName: string; keyPrefix: string; address: string };
  targetId: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

const operatorKey = "operator-0123456789abcdef0123456789";

let app: TestApp;
let providerId: string | undefined;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, operatorKey });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const fields = "id action targetId before after actor { kind keyId keyName keyPrefix address }";

async function read(filter: object = {}, client = app.client): Promise<Entry[]> {
  const { auditLog } = await client.data<{ auditLog: { edges: { node: Entry }[] } }>(
    `query ($filter: AuditFilter) { auditLog(first: 100, filter: $filter) { edges { node { ${fields} } } } }`,
    { filter },
  );
  return auditLog.edges.map(({ node }) => node);
}

async function readPage(after: string | null) {
  const { auditLog } = await app.client.data<{
    auditLog: { edges: { node: Entry }[]; pageInfo: { endCursor: string } };
  }>(
    `query ($after: String) { auditLog(first: 3, after: $after) { edges { node { ${fields} } } pageInfo { endCursor } } }`,
    { after },
  );
  return auditLog;
}

/** What a mutation is called with, after what it needs was made. */
const calls: Readonly<Record<string, { action: AuditAction; make: () => Promise<string> }>> = {
  createApiKey: {
    action: "API_KEY_CREATED",
    make: async () => `createApiKey(input: { name: "audited", scopes: [READ] }) { __typename }`,
  },
  setApiKeyLimits: {
    action: "API_KEY_UPDATED",
    make: async () => `setApiKeyLimits(id: "${await newKeyId()}", limits: { requests: 5 }) { __typename }`,
  },
  setApiKeyServing: {
    action: "API_KEY_UPDATED",
    make: async () => `setApiKeyServing(id: "${await newKeyId()}", allowsGet: true) { __typename }`,
  },
  setApiKeyRestrictions: {
    action: "API_KEY_UPDATED",
    make: async () =>
      `setApiKeyRestrictions(id: "${await newKeyId()}", restrictions: { countries: ["SK"] }) { __typename }`,
  },
  rotateApiKey: {
    action: "API_KEY_ROTATED",
    make: async () => `rotateApiKey(id: "${await newKeyId()}") { __typename }`,
  },
  createWatchToken: {
    action: "WATCH_TOKEN_CREATED",
    make: async () =>
      `createWatchToken(input: { campaignId: "${await campaignId("RUNNING")}" }) { __typename }`,
  },
  revokeWatchToken: {
    action: "WATCH_TOKEN_REVOKED",
    make: async () => `revokeWatchToken(id: "${await newTokenId()}") { __typename }`,
  },
  revokeApiKey: {
    action: "API_KEY_REVOKED",
    make: async () => `revokeApiKey(id: "${await newKeyId()}") { __typename }`,
  },
  connectProvider: {
    action: "PROVIDER_CONNECTED",
    make: async () =>
      `connectProvider(input: { tikosms: { name: "P", apiToken: "CANARY-token" } }) { __typename }`,
  },
  updateProvider: {
    action: "PROVIDER_UPDATED",
    make: async () =>
      `updateProvider(input: { id: "${await connectProvider(app.client)}", name: "Q", apiToken: "CANARY-token" }) { __typename }`,
  },
  rotateCallbackSecret: {
    action: "CALLBACK_SECRET_ROTATED",
    make: async () => `rotateCallbackSecret(id: "${await connectProvider(app.client)}") { __typename }`,
  },
  disconnectProvider: {
    action: "PROVIDER_DISCONNECTED",
    make: async () => `disconnectProvider(id: "${await connectProvider(app.client)}") { __typename }`,
  },
  setRates: {
    action: "RATES_SET",
    make: async () =>
      `setRates(input: { providerId: "${await connectProvider(app.client)}", rates: [{ mccmnc: "231", price: "0.05", currency: "EUR" }] }) { __typename }`,
  },
  setSpendingLimits: {
    action: "SPENDING_LIMITS_SET",
    make: async () => `setSpendingLimits(input: { allowedCountries: ["SK"] }) { __typename }`,
  },
  setRoutingPolicies: {
    action: "ROUTING_POLICIES_SET",
    make: async () =>
      `setRoutingPolicies(policies: [{ routes: [{ providerId: "${await connectProvider(app.client)}" }] }]) { __typename }`,
  },
  createWebhook: {
    action: "WEBHOOK_CREATED",
    make: async () => `createWebhook(input: { name: "W", url: "${endpoint}" }) { __typename }`,
  },
  updateWebhook: {
    action: "WEBHOOK_UPDATED",
    make: async () =>
      `updateWebhook(input: { id: "${await newWebhookId()}", enabled: false }) { __typename }`,
  },
  deleteWebhook: {
    action: "WEBHOOK_DELETED",
    make: async () => `deleteWebhook(id: "${await newWebhookId()}") { __typename }`,
  },
  rotateWebhookSecret: {
    action: "WEBHOOK_SECRET_ROTATED",
    make: async () => `rotateWebhookSecret(id: "${await newWebhookId()}") { __typename }`,
  },
  replayWebhook: {
    action: "WEBHOOK_REPLAYED",
    make: async () =>
      `replayWebhook(input: { id: "${await newWebhookId()}", since: "2020-01-01T00:00:00Z" }) { __typename }`,
  },
  pauseCampaign: {
    action: "CAMPAIGN_PAUSED",
    make: async () => `pauseCampaign(id: "${await campaignId("RUNNING")}") { __typename }`,
  },
  resumeCampaign: {
    action: "CAMPAIGN_RESUMED",
    make: async () => `resumeCampaign(id: "${await campaignId("PAUSED")}") { __typename }`,
  },
  cancelCampaign: {
    action: "CAMPAIGN_CANCELLED",
    make: async () => `cancelCampaign(id: "${await campaignId("RUNNING")}") { __typename }`,
  },
  updateCampaign: {
    action: "CAMPAIGN_UPDATED",
    make: async () =>
      `updateCampaign(input: { id: "${await campaignId("PAUSED")}", version: 1, name: "Other" }) { __typename }`,
  },
  suppressNumber: {
    action: "NUMBER_SUPPRESSED",
    make: async () => `suppressNumber(number: "${person}", reason: "asked us") { __typename }`,
  },
  unsuppressNumber: {
    action: "NUMBER_UNSUPPRESSED",
    make: async () => `unsuppressNumber(number: "${person}") { __typename }`,
  },
  importSuppressions: {
    action: "SUPPRESSIONS_IMPORTED",
    make: async () =>
      `importSuppressions(input: { numbers: ["${person}", "1"], reason: "old list" }) { __typename }`,
  },
  setOptOut: {
    action: "OPT_OUT_SET",
    make: async () =>
      `setOptOut(input: { languages: [{ language: "sk", words: ["koniec"] }] }) { __typename }`,
  },
  setSendingSettings: {
    action: "SENDING_SETTINGS_SET",
    make: async () => `setSendingSettings(input: { defaultCountry: "SK" }) { __typename }`,
  },
  eraseRecipient: {
    action: "RECIPIENT_ERASED",
    make: async () => `eraseRecipient(number: "${person}") { __typename }`,
  },
  settleMessage: {
    action: "MESSAGES_SETTLED",
    make: async () =>
      `settleMessage(id: "${await openMessage("OUTCOME_UNKNOWN")}", as: DELIVERED, reason: "${person} told us") { __typename }`,
  },
  settleMessages: {
    action: "MESSAGES_SETTLED",
    make: async () =>
      `settleMessages(campaignId: "${await openCampaign("OUTCOME_UNKNOWN")}", as: FAILED, reason: "told us") { __typename }`,
  },
  resendMessage: {
    action: "MESSAGES_RESENT",
    make: async () => `resendMessage(id: "${await openMessage("UNKNOWN")}", reason: "urgent") { __typename }`,
  },
  resendMessages: {
    action: "MESSAGES_RESENT",
    make: async () =>
      `resendMessages(campaignId: "${await openCampaign("UNKNOWN")}", reason: "urgent") { __typename }`,
  },
  reprocessReceipts: {
    action: "RECEIPTS_REPROCESSED",
    make: async () => `reprocessReceipts(numbers: ["${await quarantined()}"]) { __typename }`,
  },
};

/** What the operator calls for an account; the entries are the account's. */
const operatorCalls: Readonly<Record<string, { action: AuditAction; more?: string }>> = {
  createAccount: { action: "ACCOUNT_CREATED" },
  setAccountLimits: { action: "ACCOUNT_LIMITS_SET", more: ", limits: { requests: 7 }" },
  suspendAccount: { action: "ACCOUNT_SUSPENDED" },
  resumeAccount: { action: "ACCOUNT_RESUMED" },
  deleteAccount: { action: "ACCOUNT_DELETED", more: `, name: "Audited" ` },
};

/** Nothing of it may be in an entry. */
const person = "+421901555666";

/** Mutations that change no setting of an account. Messages have their own history in their timelines. */
const notAudited = [
  "sendMessage",
  "sendMessages",
  "cancelMessage",
  "updateMessage",
  "createCampaign",
  "retryCampaign",
  "sendCampaignTest",
  "readCampaignFile",
  "refreshBalance",
  "refreshRates",
  "checkProvider",
  "sendTestWebhook",
];

const endpoint = "http://127.0.0.1:9/hook?key=CANARY-query";

const secretOrPerson = new RegExp(`CANARY|${person.slice(1)}`);

async function newKeyId(): Promise<string> {
  const { createApiKey } = await app.client.data<{ createApiKey: { apiKey: { id: string } } }>(
    `mutation { createApiKey(input: { name: "other", scopes: [READ] }) { ... on CreatedApiKey { apiKey { id } } } }`,
  );
  return createApiKey.apiKey.id;
}

async function newTokenId(): Promise<string> {
  const { createWatchToken } = await app.client.data<{ createWatchToken: { id: string } }>(
    `mutation ($id: ID!) { createWatchToken(input: { campaignId: $id }) { ... on WatchToken { id } } }`,
    { id: await campaignId("RUNNING") },
  );
  return createWatchToken.id;
}

async function newWebhookId(): Promise<string> {
  const { createWebhook } = await app.client.data<{ createWebhook: { webhook: { id: string } } }>(
    `mutation { createWebhook(input: { name: "W", url: "${endpoint}" }) { ... on CreatedWebhook { webhook { id } } } }`,
  );
  return createWebhook.webhook.id;
}

async function campaignId(status: "RUNNING" | "PAUSED"): Promise<string> {
  return (await storeCampaign(app, [], [], { status })).id;
}

/** A message of the person whose outcome nobody knows. */
async function openMessage(status: "OUTCOME_UNKNOWN" | "UNKNOWN", campaign?: string): Promise<string> {
  providerId ??= await connectProvider(app.client, { defaultSender: "smsgraph" });
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation { sendMessage(input: { to: "${person}", text: "CANARY text", providerId: "${providerId}" }) { ... on Message { id } ... on Error { message } } }`,
  );
  const messageId = decodeId("Message", sendMessage.id);
  const { database } = app.services;
  const change = { messageId, status, source: "CALLBACK", receivedAt: new Date() } as const;
  await database.transaction((transaction) => applyChanges(transaction, [change]));
  if (campaign !== undefined)
    await database.prisma.message.update({ where: { id: messageId }, data: { campaignId: campaign } });
  return sendMessage.id;
}

async function openCampaign(status: "OUTCOME_UNKNOWN" | "UNKNOWN"): Promise<string> {
  const id = await campaignId("RUNNING");
  await openMessage(status, decodeId("Campaign", id));
  return id;
}

async function quarantined(): Promise<string> {
  const id = await openMessage("OUTCOME_UNKNOWN");
  const callback = await app.services.database.prisma.callback.create({
    data: {
      providerId: decodeId("Provider", providerId ?? ""),
      receivedAt: new Date(),
      state: "QUARANTINED",
      problem: "Not understood.",
      body: update({ client_ref: decodeId("Message", id), status: "DELIVRD" }),
    },
  });
  return String(callback.id);
}

describe("the audit log", () => {
  it("every mutation is either audited or listed as one that is not", () => {
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
    expect(mutations.toSorted()).toEqual(
      [...Object.keys(calls), ...Object.keys(operatorCalls), ...notAudited].toSorted(),
    );
  });

  it.each(Object.keys(calls))(
    "%s leaves one entry, which says who did what from where, and holds no secret",
    async (name) => {
      const { action, make } = calls[name] ?? { action: "API_KEY_CREATED", make: async () => "" };
      const call = await make();
      const before = await read({ actions: [action] });
      const answer = await app.client.data<Record<string, { __typename: string }>>(`mutation { ${call} }`);
      expect(answer[name]?.__typename).not.toMatch(/Error$/);
      const after = await read({ actions: [action] });
      expect(after.length).toBe(before.length + 1);
      const [entry] = after;
      expect(entry?.actor).toMatchObject({
        kind: "API_KEY",
        keyName: "test",
        keyPrefix: app.key.slice(0, 9),
        address: "127.0.0.1",
      });
      expect(entry?.before ?? entry?.after).toBeTruthy();
      expect(JSON.stringify(await read())).not.toMatch(secretOrPerson);
    },
  );

  it("what the operator does to an account is an entry of that account, once and with both values", async () => {
    const operator = new GraphqlClient(app.url, operatorKey);
    let id = "";
    for (const [name, { action, more = "" }] of Object.entries(operatorCalls)) {
      const shown = name === "createAccount" ? "... on CreatedAccount { account { id } }" : "";
      const result = `{ __typename ${shown} }`;
      const call = name === "createAccount" ? `name: "Audited"` : `id: "${id}"${more}`;
      const answer = await operator.data<Record<string, { account?: { id: string } }>>(
        `mutation { ${name}(${call}) ${result} }`,
      );
      id ||= answer[name]?.account?.id ?? "";
      const repeats = name !== "createAccount" && name !== "setAccountLimits" && name !== "deleteAccount";
      if (repeats) await operator.data(`mutation { ${name}(${call}) ${result} }`);
      const entries = await app.services.database.prisma.auditEntry.findMany({
        where: { accountId: decodeId("Account", id), action },
      });
      expect(entries).toMatchObject([
        {
          keyName: "operator",
          address: "127.0.0.1",
          targetType: "Account",
          after: expect.any(Object) as object,
        },
      ]);
    }
  });

  it("an erasure leaves nothing of the number in the log, neither what began it nor what it came to", async () => {
    await app.client.data(`mutation { eraseRecipient(number: "${person}") { __typename } }`);
    const entries = await read({ actions: ["ERASURE_STARTED", "RECIPIENT_ERASED"] });
    expect(entries[0]?.after).toMatchObject({ suppressions: 0 });
    expect(entries[1]?.after).toEqual({ keepSuppressions: false });
    expect(JSON.stringify(entries.map(({ before, after }) => [before, after]))).not.toMatch(/421|666/);
  });

  it("an entry shows only what was changed, and that a secret was", async () => {
    const id = await connectProvider(app.client, { apiToken: "first" });
    await app.client.data(
      `mutation ($id: ID!) { updateProvider(input: { id: $id, name: "Other", priority: 3, apiToken: "second" }) { __typename } }`,
      { id },
    );
    const [entry] = await read({ targetId: id, actions: ["PROVIDER_UPDATED"] });
    expect(entry?.before).toEqual({
      name: "TikoSMS",
      priority: 100,
      credentials: { apiToken: "[secret]" },
    });
    expect(entry?.after).toEqual({ name: "Other", priority: 3, credentials: { apiToken: "[secret]" } });
  });

  it("a change that fails or changes nothing leaves no entry", async () => {
    const id = await campaignId("PAUSED");
    const pause = `mutation { pauseCampaign(id: "${id}") { __typename } }`;
    await app.client.data(pause);
    await app.client.data(
      `mutation { connectProvider(input: { tikosms: { name: "", apiToken: "x" } }) { __typename } }`,
    );
    expect(await read({ targetId: id })).toEqual([]);
  });

  it("another account and a key without ADMIN see nothing of the log", async () => {
    const stranger = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const [entry] = await read();
    const { node } = await stranger.data<{ node: unknown }>(`query ($id: ID!) { node(id: $id) { id } }`, {
      id: entry?.id,
    });
    expect(node).toBeNull();
    const own = await read({}, stranger);
    expect(own.map(({ action }) => action)).toEqual(["API_KEY_CREATED"]);
    const reader = new GraphqlClient(app.url, await app.createKey(["READ"]));
    await expect(read({}, reader)).rejects.toThrow(/needs the scope ADMIN/);
  });

  it("pages of the log are read by cursor, newest first", async () => {
    const first = await readPage(null);
    const second = await readPage(first.pageInfo.endCursor);
    const ids = [...first.edges, ...second.edges].map(({ node }) => node.id);
    expect(ids).toEqual((await read()).slice(0, 6).map(({ id }) => id));
  });
});

describe("the table of the audit log", () => {
  it.each([
    ["update", "update audit_log set action = 'X'"],
    ["delete", "delete from audit_log"],
    ["truncate", "truncate audit_log"],
    [
      "delete of young entries in the name of retention",
      "begin; set local smsgraph.audit_retention = 'on'; delete from audit_log; commit",
    ],
  ])("the database refuses every %s of the audit log", async (_what, sql) => {
    const { pool } = app.services.database;
    await read();
    await expect(pool.query(sql)).rejects.toThrow(/audit_log is append-only/);
    await pool.query("rollback");
  });

  it("retention deletes the entries that are too old, and no others", async () => {
    const { database } = app.services;
    const count = (): Promise<number> => database.prisma.auditEntry.count();
    const young = await count();
    await database.pool.query(
      "insert into audit_log (id, account_id, at, action, actor) select gen_random_uuid(), $1, now() - make_interval(days => n, hours => 12), 'API_KEY_CREATED', 'SYSTEM' from generate_series(35, 45) as n",
      [app.accountId],
    );
    await forgetAudit(database, 40);
    expect(await count()).toBe(young + 5);
  });

  it("an entry is written with its change or not at all", async () => {
    const id = randomUUIDv7();
    const target = { type: "Campaign", id } as const;
    const failing = app.services.database.transaction(async (transaction) => {
      await recordAudit(transaction, { accountId: app.accountId, action: "CAMPAIGN_PAUSED", target });
      throw new Error("the change failed");
    });
    await expect(failing).rejects.toThrow("the change failed");
    expect(await app.services.database.prisma.auditEntry.count({ where: { targetId: id } })).toBe(0);
  });
});
