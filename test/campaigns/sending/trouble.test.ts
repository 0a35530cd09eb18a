import { afterEach, beforeEach, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { numbersOf } from "../../support/stored-campaigns.ts";
import { connectProvider } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";

let app: TestApp;
let doubles: ProviderDouble[];
let ids: string[];

beforeEach(async () => {
  app = await startTestApp({ providerLimits: { headersTimeoutMs: 500, totalTimeoutMs: 1_500 } });
  doubles = [];
  ids = [];
  for (const [index, name] of ["First", "Second", "Third"].entries()) {
    const double = await startProviderDouble();
    doubles.push(double);
    const { url: baseUrl, token: apiToken } = double;
    const connection = { name, baseUrl, apiToken, priority: index + 1, defaultSender: "smsgraph" };
    ids.push(await connectProvider(app.client, connection));
  }
});

afterEach(async () => {
  await app.stop();
  await Promise.all(doubles.map((double) => double.close()));
});

const accepted = (): string[] =>
  doubles.flatMap((double) => double.accepted.map(({ reference }) => reference));

async function create(count: number): Promise<string> {
  const { createCampaign } = await app.client.data<{ createCampaign: { id: string } }>(
    `mutation ($input: CreateCampaignInput!) {
      createCampaign(input: $input) { ... on Campaign { id } ... on Error { code message } }
    }`,
    {
      input: {
        name: "Trouble",
        text: "Hello",
        messagesPerSecond: 150,
        recipients: numbersOf(count).map((to) => ({ to })),
      },
    },
  );
  return createCampaign.id;
}

const count = async (
  id: string,
): Promise<{ status: string; counts: { delivered: number; failed: number } }> =>
  (
    await app.client.data<{ campaign: { status: string; counts: { delivered: number; failed: number } } }>(
      "query ($id: ID!) { campaign(id: $id) { status counts { delivered failed } } }",
      { id },
    )
  ).campaign;

async function reaches(id: string, delivered: number): Promise<void> {
  await expect
    .poll(async () => (await count(id)).counts.delivered, { timeout: 120_000, interval: 100 })
    .toBeGreaterThanOrEqual(delivered);
}

const enable = (id: string, enabled: boolean): Promise<unknown> =>
  app.client.data(
    "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
    {
      input: { id, enabled },
    },
  );

it(
  "a campaign finishes although its providers in turn lack credit, are switched off and do not answer",
  { timeout: 300_000 },
  async () => {
    const [first, second, third] = doubles as [ProviderDouble, ProviderDouble, ProviderDouble];
    const total = 900;
    const id = await create(total);
    await reaches(id, 100);
    const { campaign } = await app.client.data<{
      campaign: { messages: { edges: { node: { route: object } }[] } };
    }>(
      `query ($id: ID!) { campaign(id: $id) {
      messages(first: 1) { edges { node { route { providerName reason rejected { code } } } } } } }`,
      { id },
    );
    expect(campaign.messages.edges[0]?.node.route).toMatchObject({
      providerName: "First",
      reason: expect.stringContaining("Its priority 1 comes first."),
      rejected: [{ code: "LOWER_PRIORITY" }, { code: "LOWER_PRIORITY" }],
    });
    expect([second.requests.length, third.requests.length]).toEqual([0, 0]);
    // The first provider is out of credit: the second takes over, and the first gets almost no more requests.
    first.plan = () => ({ outcome: "empty" });
    await reaches(id, 350);
    const left = first.requests.length;
    await reaches(id, 450);
    // Requests in progress at that moment may still arrive, but no more.
    expect(first.requests.length).toBeLessThan(left + 60);
    expect(third.requests.length).toBe(0);
    // The second is switched off: the third takes over.
    await enable(ids[1] ?? "", false);
    await reaches(id, 600);
    const refused = second.requests.length;
    expect(third.requests.length).toBeGreaterThan(0);
    await reaches(id, 700);
    expect(second.requests.length).toBe(refused);
    // The second is back, and the third is too slow to answer: what it took stays with it.
    await enable(ids[1] ?? "", true);
    third.plan = () => ({ outcome: "hang" });
    await expect
      .poll(async () => (await count(id)).status, { timeout: 120_000, interval: 200 })
      .toBe("COMPLETED");
    await reaches(id, total);
    expect((await count(id)).counts).toEqual({ delivered: total, failed: 0 });
    expect(accepted()).toHaveLength(total);
    expect(new Set(accepted()).size).toBe(total);
    // No flapping: each message has been at each provider once or twice at most.
    const attempts = await app.services.database.prisma.attempt.groupBy({
      by: ["messageId"],
      _count: { number: true },
    });
    const most = Math.max(...attempts.map(({ _count }) => _count.number));
    expect(most).toBeLessThanOrEqual(5);
    const moves = await app.services.database.prisma.$queryRaw<{ most: number }[]>`
    select max(count)::int as most
    from (select count(*) from message_events where rerouted is not null group by message_id) as m`;
    expect(moves[0]?.most).toBeLessThanOrEqual(5);
  },
);
