import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { twins, type RunningTwin } from "../../../src/sandbox/twins.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { numbersOf, storeCampaign } from "../../support/stored-campaigns.ts";
import type { GraphqlResult } from "../../support/graphql-client.ts";

let app: TestApp;
const running: RunningTwin[] = [];
const providers = new Map<string, string>();

beforeAll(async () => {
  app = await startTestApp({ providerLimits: { headersTimeoutMs: 15_000, totalTimeoutMs: 20_000 } });
  for (const twin of twins) {
    const server = await twin.start({ immediate: true });
    running.push(server);
    const input = {
      [twin.kind.toLowerCase()]: {
        name: twin.title,
        baseUrl: server.url,
        defaultSender: "smsgraph",
        ...server.credentials,
      },
    };
    const { connectProvider } = await app.client.data<{
      connectProvider: { id: string; callbackUrl: string };
    }>(
      `mutation ($input: ConnectProviderInput!) {
        connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { code message } }
      }`,
      { input },
    );
    server.setCallbackUrl?.(connectProvider.callbackUrl);
    providers.set(twin.kind, decodeId("Provider", connectProvider.id));
  }
});

afterAll(async () => {
  await app.stop();
  await Promise.all(running.map((server) => server.close()));
});

const providerOf = (kind: string): string => providers.get(kind) ?? "";

const fields = `status total: counts { total } counts {
  scheduled queued submitting outcomeUnknown submitted sent delivered read undelivered expired rejected failed
  cancelled unknown
}`;

interface Counts extends Record<string, number> {
  delivered: number;
  queued: number;
  submitting: number;
  cancelled: number;
  scheduled: number;
}

interface Shown {
  status: string;
  counts: Counts;
  total: { total: number };
}

/** A second connection to a sandbox that is already connected. */
async function connectAgain(kind: string, limits: object): Promise<string> {
  const twin = twins.find((one) => one.kind === kind);
  const server = running[twins.findIndex((one) => one.kind === kind)];
  const connection = {
    name: "Limited",
    baseUrl: server?.url,
    defaultSender: "smsgraph",
    ...server?.credentials,
  };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    { input: { [twin?.kind.toLowerCase() ?? ""]: { ...connection, ...limits } } },
  );
  return connectProvider.id;
}

async function read(id: string): Promise<Shown> {
  const { campaign } = await app.client.data<{ campaign: Shown }>(
    `query ($id: ID!) { campaign(id: $id) { ${fields} } }`,
    { id },
  );
  return campaign;
}

const sum = (counts: Counts): number => Object.values(counts).reduce((total, count) => total + count, 0);

async function costOf(id: string): Promise<{ amount: string; currency: string }[]> {
  const { campaign } = await app.client.data<{ campaign: { cost: { amount: string; currency: string }[] } }>(
    "query ($id: ID!) { campaign(id: $id) { cost { amount currency } } }",
    { id },
  );
  return campaign.cost.toSorted((one, other) => (one.currency < other.currency ? -1 : 1));
}

/** The sum of what its messages were charged. */
async function chargesOf(campaignId: string): Promise<{ amount: string; currency: string }[]> {
  const { rows } = await app.services.database.pool.query<{ amount: string; currency: string }>(
    `select sum(cost)::text as amount, coalesce(cost_currency, 'XXX') as currency from messages
     where campaign_id = $1 and cost is not null group by cost_currency order by 2`,
    [campaignId],
  );
  return rows;
}

/** Collects every frame until the wanted one. The counts of each frame must add up. */
async function watch(id: string, until: (frame: Shown) => boolean): Promise<Shown[]> {
  const frames: Shown[] = [];
  const stream = app.client.subscribe<{ campaignProgress: Shown }>(
    `subscription ($id: ID!) { campaignProgress(id: $id, maxPerSecond: 20) { ${fields} } }`,
    { id },
  );
  for await (const { data, errors } of stream as AsyncIterable<GraphqlResult<{ campaignProgress: Shown }>>) {
    if (!data) throw new Error(JSON.stringify(errors));
    frames.push(data.campaignProgress);
    expect(sum(data.campaignProgress.counts)).toBe(data.campaignProgress.total.total);
    if (until(data.campaignProgress)) break;
  }
  return frames;
}

const change = async (mutation: string, id: string): Promise<{ status?: string; code?: string }> => {
  const data = await app.client.data<Record<string, { status?: string; code?: string }>>(
    `mutation ($id: ID!) { ${mutation}(id: $id) { ... on Campaign { status } ... on Error { code message } } }`,
    { id },
  );
  return data[mutation] ?? {};
};

describe.each(twins.map(({ kind }) => kind))("a campaign at %s", (kind) => {
  it("a campaign runs to COMPLETED, and the counts of every frame add up", { timeout: 300_000 }, async () => {
    const count = 250;
    const { id, campaignId } = await storeCampaign(app, [providerOf(kind)], numbersOf(count));
    const frames = await watch(
      id,
      ({ status, counts }) => status === "COMPLETED" && counts.delivered === count,
    );
    expect(frames.at(-1)).toMatchObject({ total: { total: count } });
    const { database } = app.services;
    const { rows } = await database.pool.query<{ attempts: number }>(
      `select count(*)::int as attempts from attempts as a join messages as m on m.id = a.message_id
       where m.campaign_id = $1`,
      [campaignId],
    );
    expect(rows).toEqual([{ attempts: count }]);
    const stored = await database.prisma.message.count({ where: { campaignId, status: "DELIVERED" } });
    expect(stored).toBe(count);
    expect(await database.prisma.campaignRecipient.count({ where: { campaignId } })).toBe(0);
    expect(await costOf(id)).toEqual(await chargesOf(campaignId));
  });
});

it("one campaign is carried by several providers", { timeout: 300_000 }, async () => {
  const { id } = await storeCampaign(app, [...providers.values()], numbersOf(200));
  await watch(id, ({ counts }) => counts.delivered === 200);
});

it(
  "a scheduled campaign sends no progress frame early, even if it starts in a century",
  { timeout: 300_000 },
  async () => {
    const { id } = await storeCampaign(app, [providerOf("TIKOSMS")], numbersOf(20));
    const stream = app.client.subscribe<{ campaignProgress: Shown }>(
      `subscription ($id: ID!) { campaignProgress(id: $id, maxPerSecond: 1e-10) { ${fields} } }`,
      { id },
    );
    await stream.next();
    let frames = 1;
    const next = stream.next().then(() => frames++);
    // The stop of the server breaks it off in the end.
    next.catch(() => {});
    await watch(id, ({ status, counts }) => status === "COMPLETED" && counts.delivered === 20);
    expect(frames).toBe(1);
  },
);

describe("the life cycle of a campaign", () => {
  it(
    "a campaign stops when it is paused and continues when it is resumed",
    { timeout: 300_000 },
    async () => {
      const { id } = await storeCampaign(app, [providerOf("TIKOSMS")], numbersOf(400), {
        messagesPerSecond: 50,
      });
      await watch(id, ({ counts }) => counts.delivered > 10);
      expect(await change("pauseCampaign", id)).toEqual({ status: "PAUSED" });
      expect(await change("pauseCampaign", id)).toEqual({ status: "PAUSED" });
      await watch(
        id,
        ({ counts: { submitting, submitted = 0, sent = 0 } }) => submitting + submitted + sent === 0,
      );
      const { counts: before } = await read(id);
      expect(before.queued).toBeGreaterThan(100);
      const other = await storeCampaign(app, [providerOf("TIKOSMS")], numbersOf(50));
      await watch(other.id, ({ status, counts }) => status === "COMPLETED" && counts.delivered === 50);
      expect((await read(id)).counts).toEqual(before);
      expect(await change("resumeCampaign", id)).toEqual({ status: "RUNNING" });
      await watch(id, ({ counts }) => counts.queued < before.queued);
    },
  );

  it(
    "cancelling a campaign turns all messages that are not submitted into CANCELLED",
    { timeout: 300_000 },
    async () => {
      const count = 5_000;
      const { id, campaignId } = await storeCampaign(app, [providerOf("TONKRA")], numbersOf(count), {
        messagesPerSecond: 100,
      });
      await watch(id, ({ counts }) => counts.delivered > 10);
      expect(await change("cancelCampaign", id)).toEqual({ status: "CANCELLED" });
      expect(await change("cancelCampaign", id)).toEqual({ status: "CANCELLED" });
      const frames = await watch(id, ({ counts }) => counts.delivered + counts.cancelled === count);
      expect(frames.at(-1)?.counts.cancelled).toBeGreaterThan(1_000);
      const { prisma } = app.services.database;
      const stored = await prisma.message.groupBy({ by: ["status"], where: { campaignId }, _count: true });
      const counts = new Map(stored.map(({ status, _count }) => [status as string, _count]));
      expect(counts.get("CANCELLED")).toBe(frames.at(-1)?.counts.cancelled);
      expect(await change("resumeCampaign", id)).toMatchObject({ code: "CAMPAIGN_ENDED" });
    },
  );

  it("a scheduled campaign waits for its time", { timeout: 300_000 }, async () => {
    const scheduledAt = new Date(Date.now() + 2_000);
    const { id } = await storeCampaign(app, [providerOf("QIKLI")], numbersOf(50), { scheduledAt });
    expect(await read(id)).toMatchObject({ status: "SCHEDULED", counts: { scheduled: 50 } });
    await watch(id, ({ status, counts }) => status === "COMPLETED" && counts.delivered === 50);
    expect(Date.now()).toBeGreaterThan(scheduledAt.getTime());
  });

  it("a campaign sends nothing while its send window is closed", { timeout: 300_000 }, async () => {
    const clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: "Europe/Bratislava",
      hour: "numeric",
      hourCycle: "h23",
    });
    const hour = Number(clock.format(new Date()));
    // A window of two hours that opens in six hours.
    const windowStart = ((hour + 6) % 24) * 60;
    const windowEnd = ((hour + 8) % 24) * 60;
    const { id, campaignId } = await storeCampaign(app, [providerOf("TELEKOM")], numbersOf(20), {
      windowStart,
      windowEnd,
    });
    const other = await storeCampaign(app, [providerOf("TELEKOM")], numbersOf(20));
    await watch(other.id, ({ counts }) => counts.delivered === 20);
    expect(await read(id)).toMatchObject({ status: "RUNNING", counts: { queued: 20 } });
    await app.services.database.prisma.campaign.update({
      where: { id: campaignId },
      data: { windowStart: 0, windowEnd: 24 * 60 },
    });
    await watch(id, ({ counts }) => counts.delivered === 20);
  });

  it(
    "a single message overtakes a campaign at a provider with low throughput",
    { timeout: 300_000 },
    async () => {
      const shown = await connectAgain("TONKRA", { maxPerSecond: 10 });
      const count = 300;
      const { id } = await storeCampaign(app, [decodeId("Provider", shown)], numbersOf(count));
      await watch(id, ({ counts }) => counts.delivered + (counts["submitted"] ?? 0) > 5);
      const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
        "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }",
        { input: { providerId: shown, to: "+421901000000", text: "First" } },
      );
      const changes = app.client.subscribe<{ messageChanged: { status: string } }>(
        "subscription ($id: ID!) { messageChanged(id: $id) { status } }",
        { id: sendMessage.id },
      );
      for await (const { data } of changes as AsyncIterable<
        GraphqlResult<{ messageChanged: { status: string } }>
      >) {
        if (data?.messageChanged.status === "SUBMITTED") break;
      }
      expect((await read(id)).counts.queued).toBeGreaterThan(count / 2);
      await change("cancelCampaign", id);
    },
  );

  it("a campaign is not found from another account", async () => {
    const { id } = await storeCampaign(app, [providerOf("TELEKOM")], numbersOf(1));
    const key = await app.createKey(undefined, await app.createAccount());
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({
        query: "mutation ($id: ID!) { pauseCampaign(id: $id) { ... on Error { code } } }",
        variables: { id },
      }),
    });
    expect(await response.json()).toEqual({ data: { pauseCampaign: { code: "NOT_FOUND" } } });
  });
});

const fetchCsv = (path: string, key = app.key): Promise<Response> =>
  fetch(app.url + path, { headers: { authorization: `Bearer ${key}` } });

describe("the messages of a campaign as a file", () => {
  it(
    "exported messages are streamed as they are read, filtered by status",
    { timeout: 300_000 },
    async () => {
      const count = 1_500;
      const recipients = [...numbersOf(count - 500), ...numbersOf(500, "003")];
      const { id } = await storeCampaign(app, [providerOf("QIKLI")], recipients);
      await watch(
        id,
        ({ counts }) =>
          counts.delivered === 1_000 && counts["delivered"] + (counts["rejected"] ?? 0) === count,
      );
      const { campaign } = await app.client.data<{ campaign: { messagesCsvPath: string } }>(
        "query ($id: ID!) { campaign(id: $id) { messagesCsvPath } }",
        { id },
      );
      const all = await (await fetchCsv(campaign.messagesCsvPath)).text();
      expect(all.trim().split("\r\n")).toHaveLength(count + 1);
      const refused = await (await fetchCsv(`${campaign.messagesCsvPath}?status=REJECTED`)).text();
      const [header, ...lines] = refused.trim().split("\r\n");
      expect(header).toMatch(/^to,client_ref,status/);
      expect(lines).toHaveLength(500);
      expect(lines.every((line) => line.includes(",REJECTED,"))).toBe(true);
    },
  );

  it("an export that is not allowed is refused with a reason", async () => {
    const { id } = await storeCampaign(app, [providerOf("QIKLI")], numbersOf(1));
    const path = `/campaigns/${encodeURIComponent(id)}/messages.csv`;
    const foreign = await app.createKey(undefined, await app.createAccount());
    const refusals = [
      [await fetchCsv(path, "sg_wrong"), 401, "UNAUTHENTICATED"],
      [await fetchCsv(path, await app.createKey(["SEND"])), 403, "FORBIDDEN"],
      [await fetchCsv(path, foreign), 404, "NOT_FOUND"],
      [await fetchCsv("/campaigns/nonsense/messages.csv"), 400, "INVALID_ID"],
      [await fetchCsv("/campaigns/%E0%A4%A/messages.csv"), 400, "INVALID_ID"],
      [await fetchCsv(`${path}?status=GONE`), 400, "INVALID_INPUT"],
      [await fetchCsv(`/campaigns/${id}`), 400, "INVALID_INPUT"],
    ] as const;
    for (const [response, status, code] of refusals) {
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    }
  });
});
