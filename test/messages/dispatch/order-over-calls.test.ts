import { array, constantFrom, record, sample } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { twins, type RunningTwin, type Twin } from "../../../src/sandbox/twins.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { runs } from "../../support/runs.ts";

let app: TestApp;
const workers: TestApp[] = [];

/** Three workers share the messages. */
beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey, url: publicUrl } = app;
  for (let count = 0; count < 3; count++)
    workers.push(
      await startTestApp({ databaseUrl, secretKey, publicUrl, runsApi: false, workerConcurrency: 4 }),
    );
});

afterAll(async () => {
  await app.client.close();
  await Promise.all(workers.map((worker) => worker.stop()));
  await app.stop();
});

async function connect({ kind, title }: Twin, server: RunningTwin): Promise<string> {
  const connection = { name: title, baseUrl: server.url, defaultSender: "smsgraph", ...server.credentials };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string; callbackUrl: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { code message } }
    }`,
    { input: { [kind.toLowerCase()]: connection } },
  );
  server.setCallbackUrl?.(connectProvider.callbackUrl);
  return connectProvider.id;
}

/** Endings of numbers that are accepted at once, refused for good, and told to come again. */
const endings = ["000", "000", "000", "002", "010"];

/** Calls one after the other, each with messages to a few people. */
const calls = array(
  array(record({ person: constantFrom(0, 1, 2), ending: constantFrom(...endings) }), {
    minLength: 1,
    maxLength: 4,
  }),
  { minLength: 4, maxLength: 8 },
);

const people = (place: number, ending: string): string => `+4219${17_000 + place}${ending}`;

interface Try {
  recipient: string;
  id: string;
  number: number;
  startedAt: Date;
  finishedAt: Date | null;
}

const readTries = (ids: readonly string[]): Promise<Try[]> =>
  app.services.database.query<Try>(
    {
      name: "read_tries_in_order",
      text: `
        select m.recipient, m.id, a.number, a.started_at as "startedAt", a.finished_at as "finishedAt"
        from messages as m join attempts as a on a.message_id = m.id
        order by array_position($1::uuid[], m.id), a.number`,
    },
    [ids],
  );

async function send(providerId: string, to: readonly string[]): Promise<string[]> {
  const { sendMessages } = await app.client.data<{ sendMessages: { results: { id: string }[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) {
        ... on SendMessagesSuccess { results { ... on Message { id } ... on Error { code message } } }
      }
    }`,
    { input: { messages: to.map((number) => ({ to: number, text: "Hello", providerId })) } },
  );
  return sendMessages.results.map(({ id }) => id);
}

/** Waits until nothing is left to hand over. */
const left = async (providerId: string): Promise<number> => {
  const { rows } = await app.services.database.pool.query<{ count: number }>(
    `select count(*)::int from messages where provider_id = $1 and status in ('QUEUED', 'SUBMITTING', 'SCHEDULED')`,
    [providerId],
  );
  return rows[0]?.count ?? 0;
};

it("a single message does not wait for a campaign that was accepted before it, nor the campaign for the message", async () => {
  const [twin] = twins;
  if (!twin) throw new Error("There is no twin");
  const server = await twin.start({ immediate: true });
  try {
    const providerId = await connect(twin, server);
    const to = people(900, "000");
    const create = `mutation ($input: CreateCampaignInput!) {
      createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } }
    }`;
    const input = { name: "Slow", text: "News", providerId, recipients: [{ to }] };
    const { createCampaign } = await app.client.data<{ createCampaign: { id: string } }>(create, { input });
    const campaign = { id: createCampaign.id };
    const statusOf = async (): Promise<string> =>
      (
        await app.client.data<{ campaign: { status: string } }>(
          "query ($id: ID!) { campaign(id: $id) { status } }",
          campaign,
        )
      ).campaign.status;
    const change = (name: string): Promise<unknown> =>
      app.client.data(`mutation ($id: ID!) { ${name}(id: $id) { __typename } }`, campaign);
    // One that is paused before its first message, whatever the workers do meanwhile.
    const held = await app.client.data<{ createCampaign: { id: string } }>(create, {
      input: { ...input, scheduledAt: new Date(Date.now() + 3_600_000).toISOString() },
    });
    campaign.id = held.createCampaign.id;
    await change("pauseCampaign");
    await send(providerId, [to]);
    await expect
      .poll(async () => (await readTriesOf(to)).filter(({ isOfCampaign }) => !isOfCampaign).length)
      .toBe(1);
    expect(await statusOf()).toBe("PAUSED");
    await app.services.database.pool.query("update campaigns set scheduled_at = now() where id = $1", [
      decodeId("Campaign", campaign.id),
    ]);
    // A single message that waits for an hour holds nothing back either.
    await app.client.data(
      `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Error { message } } }`,
      { input: { to, text: "Later", providerId, scheduledAt: new Date(Date.now() + 3_600_000) } },
    );
    await change("resumeCampaign");
    await expect.poll(statusOf, { timeout: 20_000 }).toBe("COMPLETED");
    expect((await readTriesOf(to)).filter(({ isOfCampaign }) => isOfCampaign)).toHaveLength(2);
  } finally {
    await server.close();
  }
});

const readTriesOf = (to: string): Promise<{ isOfCampaign: boolean }[]> =>
  app.services.database.query(
    {
      name: "read_tries_of_recipient",
      text: `
        select m.campaign_id is not null as "isOfCampaign"
        from messages as m join attempts as a on a.message_id = m.id where m.recipient = $1`,
    },
    [to],
  );

describe.each(twins.map((twin) => [twin.title, twin] as const))("%s", (_, twin) => {
  let server: RunningTwin;
  let providerId: string;

  beforeAll(async () => {
    server = await twin.start({ immediate: true });
    providerId = await connect(twin, server);
  });

  afterAll(() => server.close());

  it("messages to one recipient keep their order over calls, retries and workers, with every provider", async () => {
    const plans = sample(calls, runs(3));
    for (const [place, plan] of plans.entries()) {
      const given: string[] = [];
      for (const call of plan) {
        const to = call.map(({ person, ending }) => people(place * 10 + person, ending));
        given.push(...(await send(providerId, to)).map((id) => decodeId("Message", id)));
      }
      await expect.poll(() => left(decodeId("Provider", providerId))).toBe(0);
      const tries = (await readTries(given)).filter(({ id }) => given.includes(id));
      expect(new Set(tries.map(({ id }) => id)).size).toBe(given.length);
      for (const own of Map.groupBy(tries, ({ recipient }) => recipient).values()) expectOrder(own);
    }
    await expectNoStrangers(decodeId("Provider", providerId));
  }, 300_000);
});

/** No attempt of a message begins before the last one of the message before it has ended. */
function expectOrder(tries: readonly Try[]): void {
  for (const [index, { id, startedAt }] of tries.entries()) {
    const before = tries[index - 1];
    if (!before || before.id === id) continue;
    expect(startedAt.getTime()).toBeGreaterThanOrEqual(before.finishedAt?.getTime() ?? Infinity);
  }
}

/** Nobody waits for a message to somebody else. */
async function expectNoStrangers(providerId: string): Promise<void> {
  const { rows } = await app.services.database.pool.query<{ follows: number; strangers: number }>(
    `select count(*)::int as follows, count(*) filter (where m.recipient <> e.recipient)::int as strangers
    from messages as m join messages as e on e.id = m.follows where m.provider_id = $1`,
    [providerId],
  );
  expect(rows[0]).toMatchObject({ strangers: 0 });
  expect(rows[0]?.follows).toBeGreaterThan(0);
}
