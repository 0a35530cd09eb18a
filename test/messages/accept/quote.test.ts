import * as fc from "fast-check";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expandCampaign } from "../../../src/campaigns/sending/expand.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider } from "../../support/mutations.ts";

interface Money {
  amount: string;
  currency: string;
}

interface Quote {
  messages: number;
  segments: number;
  unpriced: number;
  repeatedRecipients: number;
  refusedCount: number;
  totals: Money[];
  refused: { position: number; to: string; code: string }[];
  lines: {
    country: string | null;
    messages: number;
    segments: number;
    cost: Money | null;
    price: Money | null;
    route: { providerId: string; providerName: string; reason: string; rejected: { code: string }[] };
  }[];
}

interface Sent {
  country: string | null;
  segments?: number;
  estimatedCost: Money | null;
  provider: { id: string };
  code?: string;
}

let app: TestApp;
const providerIds: string[] = [];

const destinations = [
  { prefix: "+42190", country: "SK", mcc: "231" },
  { prefix: "+42060", country: "CZ", mcc: "230" },
  { prefix: "+3670", country: "HU", mcc: "216" },
  { prefix: "+48600", country: "PL", mcc: "260" },
];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  for (const [index, name] of ["One", "Two", "Three"].entries()) {
    const id = await connectProvider(app.client, { name, defaultSender: "smsgraph" });
    providerIds.push(id);
    // The third has no rate for Poland, no provider has one for Hungary, and the second uses another currency
    // there.
    for (const { country, mcc } of destinations.filter((one) => one.country !== "HU")) {
      if (index === 2 && country === "PL") continue;
      await app.services.database.prisma.rate.create({
        data: {
          id: randomUUID(),
          accountId: app.accountId,
          providerId: decodeId("Provider", id),
          mcc,
          country,
          price: `0.0${(index * 7 + Number(mcc)) % 90}${index}1`,
          currency: index === 1 && country === "CZ" ? "CZK" : "EUR",
          validFrom: new Date(0),
        },
      });
    }
  }
  app.services.rateBooks.changed(app.accountId);
});

afterAll(() => app.stop());

async function quote(input: object): Promise<Quote> {
  const { quote: answer } = await app.client.data<{ quote: Quote }>(
    `query ($input: QuoteInput!) { quote(input: $input) {
      messages segments unpriced repeatedRecipients refusedCount totals { amount currency }
      refused { position to code }
      lines { country messages segments cost { amount currency } price { amount currency }
        route { providerId providerName reason rejected { code } } }
    } }`,
    { input },
  );
  return answer;
}

async function sendAll(
  recipients: readonly { to: string; text?: string | undefined }[],
  input: { text: string },
): Promise<Sent[]> {
  const { sendMessages } = await app.client.data<{ sendMessages: { results: Sent[] } }>(
    `mutation ($input: SendMessagesInput!) { sendMessages(input: $input) { ... on SendMessagesSuccess { results {
      ... on Message { country segments estimatedCost { amount currency } provider { id } }
      ... on Error { code } } } } }`,
    { input: { messages: recipients.map(({ to, text = input.text }) => ({ ...input, to, text })) } },
  );
  return sendMessages.results;
}

/** Exact sums in units of 10^-10, computed without the code under test. */
function totalsOf(sent: readonly Sent[]): Money[] {
  const sums = new Map<string, bigint>();
  for (const { estimatedCost } of sent) {
    if (!estimatedCost) continue;
    const [whole = "0", fraction = ""] = estimatedCost.amount.split(".");
    const units = BigInt(whole + fraction.padEnd(10, "0"));
    sums.set(estimatedCost.currency, (sums.get(estimatedCost.currency) ?? 0n) + units);
  }
  return [...sums].map(([currency, units]) => {
    const digits = String(units).padStart(11, "0");
    const fraction = digits.slice(-10).replace(/0+$/, "");
    return { amount: `${digits.slice(0, -10)}${fraction === "" ? "" : `.${fraction}`}`, currency };
  });
}

const byCurrency = (amounts: Money[]): Money[] =>
  amounts.toSorted((one, other) => (one.currency < other.currency ? -1 : 1));

const recipients = fc.array(
  fc.record({
    to: fc.oneof(
      {
        weight: 9,
        arbitrary: fc
          .tuple(fc.constantFrom(...destinations), fc.integer({ min: 1_000_000, max: 9_999_999 }))
          .map(([{ prefix }, number]) => `${prefix}${String(number).slice(0, 12 - prefix.length + 1)}`),
      },
      { weight: 1, arbitrary: fc.constantFrom("nonsense", "+421", "0901000000", "") },
    ),
    text: fc.option(fc.constantFrom("Ahoj", "Žluťoučký kůň", "x".repeat(161), "€".repeat(100), " "), {
      nil: undefined,
    }),
  }),
  { minLength: 1, maxLength: 60 },
);

const wishes = fc.record(
  {
    flash: fc.boolean(),
    encoding: fc.constantFrom("AUTO", "GSM7", "UCS2"),
    from: fc.constantFrom("Sender", "+421900000000", "far too long a sender"),
    providerId: fc.nat({ max: 2 }),
  },
  { requiredKeys: [] },
);

async function setPolicies(policies: readonly object[]): Promise<void> {
  const { setRoutingPolicies } = await app.client.data<{ setRoutingPolicies: { __typename: string } }>(
    `mutation ($policies: [RoutingPolicyInput!]!) { setRoutingPolicies(policies: $policies) {
      __typename ... on Error { message } } }`,
    { policies },
  );
  expect(setRoutingPolicies).toEqual({ __typename: "SetRoutingPoliciesSuccess" });
}

const policies = fc.array(
  fc.record({
    prefixes: fc.subarray(["+421", "+42190", "+420", "+48"]),
    routes: fc.subarray([0, 1, 2], { minLength: 1 }).chain((chosen) =>
      fc.tuple(
        ...chosen.map((place) =>
          fc.record({
            place: fc.constant(place),
            priority: fc.option(fc.integer({ min: 1, max: 2 })),
            weight: fc.option(fc.integer({ min: 0, max: 5 })),
          }),
        ),
      ),
    ),
  }),
  { maxLength: 3 },
);

it("a quote says exactly what sending does and charges", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(recipients, wishes, policies, async (list, { providerId, ...wish }, rules) => {
      await setPolicies(
        rules.map(({ prefixes, routes }) => ({
          prefixes,
          routes: routes.map(({ place, ...route }) => ({ ...route, providerId: providerIds[place] })),
        })),
      );
      const input = {
        ...wish,
        text: "Hello",
        ...(providerId !== undefined && { providerId: providerIds[providerId] }),
      };
      const quoted = await quote({ ...input, recipients: list });
      const sent = await sendAll(list, input);
      const accepted = sent.filter(({ code }) => code === undefined);
      const refused = sent.flatMap(({ code }, place) =>
        code === undefined ? [] : [{ position: place + 1, code }],
      );
      expect(byCurrency(quoted.totals)).toEqual(byCurrency(totalsOf(accepted)));
      expect(quoted.messages).toBe(accepted.length);
      expect(quoted.refusedCount).toBe(refused.length);
      expect(quoted.refused.map(({ position, code }) => ({ position, code }))).toEqual(refused);
      expect(quoted.unpriced).toBe(accepted.filter(({ estimatedCost }) => estimatedCost === null).length);
      expect(quoted.segments).toBe(accepted.reduce((sum, { segments = 0 }) => sum + segments, 0));
      for (const { country, route, messages, segments, cost } of quoted.lines) {
        const own = accepted.filter((one) => one.country === country && one.provider.id === route.providerId);
        const lines = quoted.lines.filter(
          (one) => one.country === country && one.route.providerId === route.providerId,
        );
        expect(lines.reduce((sum, line) => sum + line.messages, 0)).toBe(own.length);
        expect(messages).toBeGreaterThan(0);
        expect(segments).toBeGreaterThanOrEqual(messages);
        expect(cost === null).toBe(own.every(({ estimatedCost }) => estimatedCost === null));
      }
    }),
    { numRuns: 25 },
  );
});

it(
  "a quote says what a campaign charges, and its estimate is the sum of its messages",
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.tuple(fc.constantFrom(...destinations), fc.integer({ min: 1_000_000, max: 9_999_999 })),
          { minLength: 1, maxLength: 80, selector: ([{ prefix }, number]) => `${prefix}${number}` },
        ),
        fc.array(fc.constantFrom("", "Eva", "Žofia", "x".repeat(160)), { minLength: 80, maxLength: 80 }),
        policies,
        async (places, names, rules) => {
          await setPolicies(
            rules.map(({ prefixes, routes }) => ({
              prefixes,
              routes: routes.map(({ place, ...route }) => ({ ...route, providerId: providerIds[place] })),
            })),
          );
          const list = places.map(([{ prefix }, number], place) => ({
            // Mobile numbers of Poland have one digit less.
            to: `${prefix}${String(number).slice(0, (prefix.startsWith("+48") ? 12 : 13) - prefix.length)}`,
            values: { name: names[place] ?? "" },
          }));
          const unique = [...new Map(list.map((one) => [one.to, one])).values()];
          const text = "Hello {{name}}";
          const quoted = await quote({ text, recipients: unique });
          const { createCampaign } = await app.client.data<{
            createCampaign: { id: string; estimatedCost: Money[] };
          }>(
            `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) {
            ... on Campaign { id estimatedCost { amount currency } } ... on Error { code message } } }`,
            { input: { name: "Quoted", text, recipients: unique } },
          );
          expect(byCurrency(createCampaign.estimatedCost)).toEqual(byCurrency(quoted.totals));
          const campaignId = decodeId("Campaign", createCampaign.id);
          await expandCampaign(app.services, campaignId);
          const messages = await app.services.database.prisma.message.findMany({ where: { campaignId } });
          expect(messages).toHaveLength(quoted.messages);
          const sum = totalsOf(
            messages.map(({ country, estimatedCost, estimatedCurrency }) => ({
              country,
              provider: { id: "" },
              estimatedCost:
                estimatedCost && estimatedCurrency
                  ? { amount: estimatedCost.toFixed(), currency: estimatedCurrency }
                  : null,
            })),
          );
          expect(byCurrency(sum)).toEqual(byCurrency(quoted.totals));
        },
      ),
      { numRuns: 15 },
    );
  },
);

it("a quote explains its route, and why other providers were not chosen", async () => {
  await setPolicies([]);
  const { lines, repeatedRecipients } = await quote({
    text: "Hello",
    recipients: [{ to: "+421901000000" }, { to: "+421 901 000 000" }],
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ country: "SK", messages: 2, route: { rejected: [{}, {}] } });
  expect(lines[0]?.route.reason).toMatch(
    /^It is the cheapest of priority 100\. A segment costs 0\.0\d+ EUR\.$/,
  );
  expect(repeatedRecipients).toBe(1);
});

it("a quote accepts a hundred thousand recipients", { timeout: 300_000 }, async () => {
  const list = Array.from({ length: 100_000 }, (_, index) => ({
    to: `+42191${String(index).padStart(7, "0")}`,
  }));
  expect(await quote({ text: "Hello", recipients: list })).toMatchObject({
    messages: 100_000,
    refusedCount: 0,
  });
});

it("a quote fills in placeholders as a campaign does", async () => {
  const { segments, refused } = await quote({
    text: "Hello {{name}}",
    recipients: [
      { to: "+421901000000", values: { name: "Eva" } },
      { to: "+421901000001", values: { name: "x".repeat(160) } },
      { to: "+421901000002" },
    ],
  });
  expect(segments).toBe(3);
  expect(refused).toEqual([{ position: 3, to: "+421901000002", code: "INVALID_TEXT" }]);
});

it("a quote refuses an unknown provider, and an empty list of recipients", async () => {
  const { errors } = await app.client.send(
    "query ($input: QuoteInput!) { quote(input: $input) { messages } }",
    {
      input: { text: "Hello", recipients: [] },
    },
  );
  expect(errors?.[0]?.message).toContain("Give 1 to 100000 recipients, not 0.");
});
