import { randomUUIDv7 } from "node:crypto";
import { parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Allowance, defaultSubscriptionLimits } from "../../src/access/allowance.ts";
import type { Viewer } from "../../src/access/api-keys.ts";
import { scopes, withIncluded, type Scope } from "../../src/access/scopes.ts";
import { FairShares } from "../../src/access/fair-shares.ts";
import { RateLimiter } from "../../src/access/rate-limiter.ts";
import { AccessGuard } from "../../src/graphql/guards/access-guard.ts";
import { ruledTypes } from "../../src/graphql/guards/scope-rules.ts";
import { schema } from "../../src/graphql/schema/schema.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient, type GraphqlError } from "../support/graphql-client.ts";
import { everyPath, walkSchema, type Step } from "../support/schema-walk.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";
import { viewerOf } from "../support/viewer.ts";

const ofCampaign = [
  String.raw`^Campaign\.(id|status|counts|duplicatesRemoved|refusedCount|suppressedCount|version|createdAt|scheduledAt|startedAt|completedAt)$`,
  String.raw`^CampaignCounts\.total$`,
  String.raw`^CampaignPreview\.(total|segments|duplicatesRemoved|refused|suppressedCount|refusedRecipients|duplicateRecipients|messages|countries|file)$`,
  String.raw`^CampaignCountry\.(country|recipients|segments)$`,
  String.raw`^(CampaignMessagePreview|CampaignFile|CampaignFileColumn|CampaignFileHead|DuplicateRecipient)\.`,
];

type ScopeWithoutRead = Exclude<Scope, "READ" | "ADMIN">;

/** What a key with one scope sees without READ, as the documentation says it: below a root field, nothing else. */
const ownResults: Readonly<Record<ScopeWithoutRead, RegExp>> = {
  SEND: new RegExp(
    [
      String.raw`^Message\.(id|status|isFinal|version|segments|encoding|cursor|createdAt|updatedAt|scheduledAt|validUntil)$`,
      String.raw`^(SendMessagesSuccess|Suppression|UnsuppressedNumber|ImportedSuppressions|HandledMessages)\.`,
      ...ofCampaign,
    ].join("|"),
  ),
  CAMPAIGNS: new RegExp(ofCampaign.join("|")),
  PROVIDERS: new RegExp(
    [
      String.raw`^Provider\.(id|kind|name|enabled|priority|defaultSender|maxPerSecond|maxConcurrent|lowBalance|capabilities|callbackUrl)$`,
      String.raw`^(ProviderCapabilities|ProviderCheck|SetRoutingPoliciesSuccess|RoutingPolicy|PolicyRoute)\.`,
    ].join("|"),
  ),
  BILLING:
    /^Provider\.(id|kind|name)$|^(Balance|Rate|RateConnection|RateEdge|RateChanges|SpendingLimits|SpendingCap)\./,
  KEYS: /^(ApiKey|ApiKeyLimits|ApiKeyConnection|ApiKeyEdge|CreatedApiKey|IssuedWatchToken\w*)\./,
  WEBHOOKS: /^(Webhook\w*|CreatedWebhook|RotatedWebhookSecret)\./,
};

/** Roots ask for themselves; errors say why the caller's own input was refused. */
const harmless =
  /^(Query|Mutation|Subscription|Viewer|KeyRestrictions|RateLimit|Quota|Money|PageInfo)\.|^Node\.id$|^RefusedRecipient\.|^\w*Error\.(?!rejected$|cap$)/;
const needsMoreThanRead =
  /^(ApiKey|ApiKeyLimits|ApiKeyConnection|ApiKeyEdge|CreatedApiKey|IssuedWatchToken\w*|Audit\w+|ReceivedCallback\w*|ReadReceipt|ReprocessedReceipts|Webhook\w*|CreatedWebhook|RotatedWebhookSecret)\./;
const needsOperator = /^(Account|AccountConnection|AccountEdge|AccountDeletion|CreatedAccount)\./;
const ofWatchedMessage =
  /^(Query\.(message|node|nodes)|Subscription\.message(Changed|Events)|Node\.id|Provider\.(id|kind|name)|Message\.(?!attempts$|campaign$|route$)\w+|(MessageFailure|Money|MessageEvent(Connection|Edge|Batch)?|CaughtUp|StreamReset|PageInfo)\.\w+)$/;

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let ids: { message: string; provider: string; campaign: string };

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const connected = await connectTestSandbox(app);
  ({ sandbox } = connected);
  ids = await plant(connected.providerId);
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

/** Data with words to look for in what a key without READ is answered. */
async function plant(provider: string): Promise<typeof ids> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation { sendMessage(input: { to: "+421901777000", text: "CANARY text", clientRef: "CANARY ref" }) { ... on Message { id } } }`,
  );
  const { id } = await storeCampaign(app, [], [], { name: "CANARY campaign" });
  const { accountId } = app;
  await app.services.database.prisma.balance.create({
    data: {
      id: randomUUIDv7(),
      accountId,
      providerId: decodeId("Provider", provider),
      amount: "987654",
      currency: "EUR",
      fetchedAt: new Date(),
    },
  });
  return { message: sendMessage.id, provider, campaign: id };
}

/** Arguments with which operations get to what is there, and nothing is disconnected or revoked. */
function choose(field: string, argument: string): string | undefined {
  const [message, provider, campaign] = [ids.message, ids.provider, ids.campaign].map((id) =>
    JSON.stringify(id),
  );
  if (["disconnectProvider", "revokeApiKey", "cancelCampaign"].includes(field)) return undefined;
  if (field === "sendMessage") return `{ to: "+421901000000", text: "Mine" }`;
  if (field === "updateProvider") return `{ id: ${provider} }`;
  if (argument === "providerId") return provider;
  if (argument === "ids") return `[${message}]`;
  if (field === "messageEvents" && argument === "filter") return `{ messageIds: [${message}] }`;
  if (argument !== "id") return undefined;
  return /campaign/i.test(field) ? campaign : /provider/i.test(field) ? provider : message;
}

const viewerWith = (granted: readonly Scope[], watches?: Viewer["watches"]): Viewer =>
  viewerOf({
    accountId: app.accountId,
    keyId: randomUUIDv7(),
    keyName: "test",
    scopes: withIncluded(granted),
    watches,
  });

describe("every path through the schema, four fields deep", () => {
  it("every scope and every watch token allows exactly the documented paths of the schema", () => {
    const guard = new AccessGuard({
      access: app.services.access,
      allowance: new Allowance(defaultSubscriptionLimits),
      shares: new FairShares(),
      limiter: new RateLimiter({}),
    });
    const watches = { type: "Message", id: decodeId("Message", ids.message) } as const;
    const mayPass: Readonly<Record<string, (field: string) => boolean>> = {
      READ: (field: string) => !needsMoreThanRead.test(field) && !needsOperator.test(field),
      ADMIN: (field: string) => !needsOperator.test(field),
      watching: (field: string) => ofWatchedMessage.test(field),
      ...Object.fromEntries(
        Object.entries(ownResults).map(([scope, own]) => [
          scope,
          (field: string) => harmless.test(field) || own.test(field),
        ]),
      ),
    };
    const wrong: string[] = [];
    let count = 0;
    for (const step of everyPath(schema, choose, 4)) {
      count++;
      const document = parse(step.document);
      for (const [caller, isOpen] of Object.entries(mayPass)) {
        const viewer = caller === "watching" ? viewerWith([], watches) : viewerWith([caller as Scope]);
        const refused = guard.admit({ schema, document, contextValue: { viewer } });
        if ((refused === undefined) !== step.path.every(isOpen)) wrong.push(`${caller}: ${step.document}`);
      }
    }
    expect(count).toBeGreaterThan(3_000);
    expect(wrong.slice(0, 10)).toEqual([]);
  }, 300_000);

  it("every scope rule is for a type that exists", () => {
    expect(ruledTypes.filter((name) => schema.getType(name) === undefined)).toEqual([]);
  });
});

const entriesFor: Readonly<Record<Scope, readonly string[]>> = {
  READ: ["Query.message"],
  SEND: [
    "Mutation.sendMessage",
    "Mutation.cancelMessage",
    "Mutation.createCampaign",
    "Mutation.pauseCampaign",
  ],
  ADMIN: ["Mutation.updateProvider", "Mutation.createApiKey"],
  CAMPAIGNS: ["Mutation.createCampaign", "Mutation.pauseCampaign"],
  BILLING: ["Mutation.setRates", "Query.spendingLimits"],
  PROVIDERS: ["Mutation.updateProvider", "Query.routingPolicies"],
  KEYS: ["Mutation.createApiKey", "Query.watchTokens"],
  WEBHOOKS: ["Mutation.createWebhook"],
};

describe.each(scopes)("a running server, asked for every field with a key that has only %s", (scope) => {
  it("account data is answered only with READ; everything else is refused before anything is done", async () => {
    const client = new GraphqlClient(app.url, await app.createKey([scope]));
    const socket = client.socket();
    const answered = new Set<string>();
    const ask = async ({ type, field, document }: Step): Promise<void> => {
      const result = await first(socket.iterate({ query: document }));
      const codes = ((result.errors ?? []) as GraphqlError[]).map(({ extensions }) => extensions?.code);
      expect(codes, document).not.toContain("BAD_REQUEST");
      expect(codes, `${document}\n${app.log.join("")}`).not.toContain("INTERNAL");
      if (!codes.includes("FORBIDDEN") && result.data) answered.add(`${type}.${field}`);
      if (scope === "READ" || scope === "ADMIN") return;
      const hidden = scope === "BILLING" ? [] : ["987654"];
      for (const word of ["CANARY", "+421901777000", ...hidden])
        expect(JSON.stringify(result), document).not.toContain(word);
    };
    // A socket carries no file, which this one needs.
    const steps = walkSchema(schema, choose, entriesFor[scope]).filter(
      ({ document }) => !document.includes("readCampaignFile"),
    );
    while (steps.length > 0) await Promise.all(steps.splice(0, 100).map(ask));
    await client.close();
    const awaited = {
      READ: ["Message.text", "MessageEvent.status", "Provider.name"],
      SEND: ["Message.id", "Message.status", "Message.segments", "Message.cursor"],
      ADMIN: ["Provider.id", "Provider.callbackUrl", "CreatedApiKey.secret", "AuditEntry.action"],
      CAMPAIGNS: ["Campaign.id", "Campaign.status"],
      BILLING: ["RateChanges.added", "Balance.amount"],
      PROVIDERS: ["Provider.id", "Provider.callbackUrl"],
      KEYS: ["CreatedApiKey.secret"],
      WEBHOOKS: ["CreatedWebhook.secret"],
    };
    expect([...answered]).toEqual(expect.arrayContaining(awaited[scope]));
    const { enabled } = await app.services.database.prisma.provider.findUniqueOrThrow({
      where: { id: decodeId("Provider", ids.provider) },
    });
    expect(enabled).toBe(true);
  });
});

async function first(results: AsyncIterableIterator<unknown>): Promise<{ data?: unknown; errors?: unknown }> {
  try {
    const { value } = await results.next();
    return (value ?? {}) as { data?: unknown; errors?: unknown };
  } catch (errors) {
    return { errors };
  } finally {
    await results.return?.();
  }
}

describe("a mutation that asks for more than its key may see", () => {
  const reach = "provider { messages(first: 100) { edges { node { to text } } } }";

  it.each([
    ["plainly", `... on Message { ${reach} }`],
    ["behind a fragment", "...Part"],
    ["behind a condition", `... on Message { id ...Part @skip(if: true) }`],
  ])(
    "a mutation that selects more than its key may see names the missing scope and sends nothing: %s",
    async (_what, selection) => {
      const client = new GraphqlClient(app.url, await app.createKey(["SEND"]));
      const part = selection.includes("Part") ? ` fragment Part on Message { ${reach} }` : "";
      const before = await app.services.database.prisma.message.count();
      const { data, errors } = await client.send(
        `mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { ${selection} } }${part}`,
      );
      expect(data ?? null).toBeNull();
      expect(errors).toMatchObject([
        {
          message: expect.stringMatching(/needs the scope READ, .*"test"/),
          extensions: { code: "FORBIDDEN" },
        },
      ]);
      expect(await app.services.database.prisma.message.count()).toBe(before);
    },
  );

  it("a mutation that selects more than its key may see is answered with 403 over HTTP", async () => {
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await app.createKey(["PROVIDERS"])}`,
      },
      body: JSON.stringify({
        query: `mutation ($id: ID!) { updateProvider(input: { id: $id }) { ... on Provider { messages { edges { node { to } } } } } }`,
        variables: { id: ids.provider },
      }),
    });
    expect(response.status).toBe(403);
  });

  it("a key with only SEND sees what it just sent and its result", async () => {
    const client = new GraphqlClient(app.url, await app.createKey(["SEND"]));
    const sent = await client.data<{ sendMessage: { id: string } }>(
      `mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) {
        ... on Message { id status segments encoding cursor } ... on Error { code message } } }`,
    );
    expect(sent).toMatchObject({ sendMessage: { status: "QUEUED", segments: 1, encoding: "GSM7" } });
    const { cancelMessage } = await client.data<{ cancelMessage: unknown }>(
      `mutation ($id: ID!) { cancelMessage(id: $id) { ... on Message { id status } ... on Error { code } } }`,
      { id: sent.sendMessage.id },
    );
    expect(cancelMessage).toEqual({ id: sent.sendMessage.id, status: "CANCELLED" });
    expect(encodeId("Message", decodeId("Message", sent.sendMessage.id))).toBe(sent.sendMessage.id);
  });

  it("a key with only SEND learns that a cap is reached, and no amounts", async () => {
    await app.client.data(
      `mutation ($id: ID!) {
        setRates(input: { providerId: $id, rates: [{ mccmnc: "231", price: "0.05", currency: "EUR" }] }) {
          ... on RateChanges { added }
        }
        setSpendingLimits(input: { caps: [{ period: DAY, amount: "0.0731", currency: "EUR" }] }) {
          ... on SpendingLimits { caps { country } }
        }
      }`,
      { id: ids.provider },
    );
    const client = new GraphqlClient(app.url, await app.createKey(["SEND"]));
    const { sendMessage, createCampaign } = await client.data<Record<string, unknown>>(
      `mutation ($campaign: CreateCampaignInput!, $id: ID!) {
        first: sendMessage(input: { to: "+421901000000", text: "Hello", providerId: $id }) { __typename }
        sendMessage(input: { to: "+421901000000", text: "Hello", providerId: $id }) { ... on Error { code message } }
        createCampaign(input: $campaign) { ... on Error { code message } }
      }`,
      {
        id: ids.provider,
        campaign: {
          name: "C",
          text: "Hello",
          providerId: ids.provider,
          recipients: [{ to: "+421901000000" }, { to: "+421901000001" }],
        },
      },
    );
    for (const refused of [sendMessage, createCampaign]) {
      expect(refused).toMatchObject({ code: "SPENDING_CAP_REACHED" });
      expect(JSON.stringify(refused)).not.toMatch(/EUR|\d/);
    }
  });
});
