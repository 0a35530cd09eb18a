import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchRates } from "../../../src/pricing/rates/fetch-rates.ts";
import { parseNetwork } from "../../../src/pricing/rates/networks.ts";
import type { RateReading } from "../../../src/providers/provider.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider, outcome, type Outcome } from "../../support/mutations.ts";

const statements: string[] = [];
let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let fetching: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rates-"));
  app = await startTestApp({ runsWorker: false, onStatement: (text) => statements.push(text) });
  ({ sandbox, providerId: fetching } = await connectTestSandbox(app));
});

afterAll(async () => {
  await sandbox.close();
  await app.stop();
  await rm(folder, { recursive: true });
});

const newProvider = (name: string): Promise<string> =>
  connectProvider(app.client, { name, defaultSender: "smsgraph" });

async function setRates(
  providerId: string,
  input: object[],
): Promise<Outcome & { added?: number; ended?: number; unchanged?: number }> {
  const { setRates: result } = await app.client.data<{ setRates: Outcome }>(
    `mutation ($input: SetRatesInput!) {
      setRates(input: $input) { ${outcome} ... on RateChanges { added ended unchanged } }
    }`,
    { input: { providerId, rates: input } },
  );
  return result;
}

interface RateNode {
  mccmnc: string;
  mnc: string | null;
  country: string | null;
  countryName: string | null;
  networkName: string | null;
  source: string;
  price: { amount: string; currency: string };
  validFrom: string;
  validUntil: string | null;
}
const rateFields =
  "mccmnc mnc country countryName networkName source price { amount currency } validFrom validUntil";

interface RateConnection {
  edges: { cursor: string; node: RateNode }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function rates(variables: object): Promise<RateConnection> {
  const { rates: page } = await app.client.data<{ rates: RateConnection }>(
    `query ($providerId: ID, $country: String, $mccmnc: String, $first: Int, $after: String, $validAt: DateTime) {
      rates(providerId: $providerId, country: $country, mccmnc: $mccmnc, first: $first, after: $after, validAt: $validAt) {
        edges { cursor node { ${rateFields} } } pageInfo { hasNextPage endCursor }
      }
    }`,
    { ...variables },
  );
  return page;
}

async function rate(providerId: string, mccmnc: string, country?: string): Promise<RateNode | null> {
  const data = await app.client.data<{ rate: RateNode | null }>(
    `query ($providerId: ID!, $mccmnc: String!, $country: String) {
      rate(providerId: $providerId, mccmnc: $mccmnc, country: $country) { ${rateFields} }
    }`,
    { providerId, mccmnc, country },
  );
  return data.rate;
}

async function send(providerId: string, text = "Hello", to = "+421901000005") {
  const { sendMessage } = await app.client.data<{
    sendMessage: { id: string; estimatedCost: { amount: string; currency: string } | null };
  }>(
    `mutation ($input: SendMessageInput!) {
      sendMessage(input: $input) { ... on Message { id estimatedCost { amount currency } } ... on Error { code message } }
    }`,
    { input: { providerId, to, text } },
  );
  return sendMessage;
}

describe("setRates", () => {
  it("setRates keeps the history: a new price ends the one before, and repeating it writes nothing", async () => {
    const providerId = await newProvider("History");
    const first = {
      mccmnc: "231001",
      price: "0.0450",
      currency: "EUR",
      validFrom: "2026-01-01T00:00:00.000Z",
    };
    const second = { ...first, price: "0.05", validFrom: "2026-02-01T00:00:00.000Z" };
    expect(await setRates(providerId, [first])).toMatchObject({ added: 1, ended: 0, unchanged: 0 });
    expect(await setRates(providerId, [first])).toMatchObject({ added: 0, ended: 0, unchanged: 1 });
    expect(await setRates(providerId, [{ ...first, price: "0.045" }])).toMatchObject({
      added: 0,
      unchanged: 1,
    });
    expect(await setRates(providerId, [second])).toMatchObject({ added: 1, ended: 1, unchanged: 0 });
    const { edges } = await rates({ providerId });
    expect(edges.map(({ node }) => node)).toEqual([
      {
        mccmnc: "23101",
        mnc: "01",
        country: "SK",
        countryName: "Slovakia",
        networkName: "Orange",
        source: "SET",
        price: { amount: "0.05", currency: "EUR" },
        validFrom: "2026-02-01T00:00:00.000Z",
        validUntil: null,
      },
      expect.objectContaining({
        price: { amount: "0.045", currency: "EUR" },
        validUntil: "2026-02-01T00:00:00.000Z",
      }),
    ]);
    const earlier = await rates({ providerId, validAt: "2026-01-15T00:00:00.000Z" });
    expect(earlier.edges.map(({ node }) => node.price.amount)).toEqual(["0.045"]);
  });

  it("setRates stores all rates or none, and names the wrong row", async () => {
    const providerId = await newProvider("All or nothing");
    const good = { country: "SK", price: "0.05", currency: "EUR" };
    const wrong = [
      [{ ...good, country: "Atlantis" }, "country", /"Atlantis" is not a country/],
      [{ ...good, price: "-1" }, "price", /not one\. Write it like 0\.045/],
      [{ ...good, currency: "euro" }, "currency", /ISO 4217/],
      [{ ...good, country: undefined, mccmnc: "23" }, "mccmnc", /Write it like 231 or 23101/],
      [{ ...good, country: undefined, mnc: "01" }, "mcc", /mobile country code/],
      [{ ...good, country: undefined }, "mccmnc", /Say where the rate counts/],
      [
        { ...good, validFrom: "2026-02-01T00:00:00Z", validUntil: "2026-01-01T00:00:00Z" },
        "validUntil",
        /ends before/,
      ],
    ] as const;
    for (const [row, field, text] of wrong) {
      const result = await setRates(providerId, [good, row]);
      expect(result).toMatchObject({ code: "INVALID_INPUT", field: `input.rates.1.${field}` });
      expect(result.message).toMatch(/^Row 2: .*Nothing was stored\.$/);
      expect(result.message).toMatch(text);
    }
    const clash = { ...good, validFrom: "2026-01-01T00:00:00Z" };
    const result = await setRates(providerId, [clash, { ...clash, price: "0.06" }]);
    expect(result.message).toMatch(/^Row 2: Row 1 has another rate/);
    expect((await rates({ providerId })).edges).toEqual([]);
  });

  it("setRates takes 1 to 1,000 rates with the same number of statements", async () => {
    const providerId = await newProvider("Many");
    expect(await setRates(providerId, [])).toMatchObject({ field: "input.rates" });
    const many = Array.from({ length: 1000 }, (_, index) => ({
      mccmnc: `${200 + Math.floor(index / 100)}${String(index % 100).padStart(2, "0")}`,
      price: `0.0${index + 1}`,
      currency: "EUR",
    }));
    expect(await setRates(providerId, [...many, ...many.slice(0, 1)])).toMatchObject({
      field: "input.rates",
    });
    const counts = [];
    for (const list of [many.slice(0, 1), many, many.map((one) => ({ ...one, price: "9" }))]) {
      statements.length = 0;
      await setRates(providerId, list);
      counts.push(statements.filter((text) => /\brates\b|smsgraph_rates/.test(text)).length);
    }
    // Lock, read, insert, announce; and in the last call, end the earlier rates.
    expect(counts).toEqual([4, 4, 5]);
  });

  it("setRates takes a whole country by its name, with all its codes", async () => {
    const providerId = await newProvider("Country");
    expect(await setRates(providerId, [{ country: "US", price: "0.008", currency: "USD" }])).toMatchObject({
      added: 7,
    });
    const { edges } = await rates({ providerId, country: "United States of America" });
    expect(new Set(edges.map(({ node }) => node.country))).toEqual(new Set(["US"]));
  });
});

describe("the price of a message", () => {
  it("the price of a message is that at its acceptance, whatever happens to the rate later", async () => {
    const providerId = await newProvider("Price");
    expect((await send(providerId)).estimatedCost).toBeNull();
    await setRates(providerId, [{ country: "SK", price: "0.0451", currency: "EUR" }]);
    const first = await send(providerId, "x".repeat(400));
    expect(first.estimatedCost).toEqual({ amount: "0.1353", currency: "EUR" });
    await setRates(providerId, [{ country: "SK", price: "0.05", currency: "EUR" }]);
    expect((await send(providerId)).estimatedCost).toEqual({ amount: "0.05", currency: "EUR" });
    const { message } = await app.client.data<{ message: { estimatedCost: object } }>(
      "query ($id: ID!) { message(id: $id) { estimatedCost { amount currency } } }",
      { id: first.id },
    );
    expect(message.estimatedCost).toEqual({ amount: "0.1353", currency: "EUR" });
  });

  it("a price reads the same everywhere, however many zeros it was given with", async () => {
    const providerId = await newProvider("Zeros");
    await setRates(providerId, [{ country: "SK", price: "0.045000", currency: "EUR" }]);
    const { quote } = await app.client.data<{ quote: { lines: object[] } }>(
      `query ($input: QuoteInput!) { quote(input: $input) { lines { price { amount } route { reason } } } }`,
      { input: { providerId, text: "Hello", recipients: [{ to: "+421901000000" }] } },
    );
    expect(quote.lines).toMatchObject([{ price: { amount: "0.045" } }]);
    expect((await rate(providerId, "231"))?.price.amount).toBe("0.045");
  });

  it("a message gets the new price from its very first moment, even if rates were just read", async () => {
    const providerId = await newProvider("Moment");
    const begins = new Date(Date.now() + 700);
    await setRates(providerId, [
      { country: "SK", price: "0.03", currency: "EUR" },
      { country: "SK", price: "0.04", currency: "EUR", validFrom: begins.toISOString() },
    ]);
    const { routingTables } = app.services;
    const minuteMs = 60_000;
    // The notification of the change may still arrive, which also drops the rate book.
    const readAt = async (): Promise<number> =>
      (await routingTables.of(app.accountId, minuteMs)).now.getTime();
    await expect.poll(readAt).toBeGreaterThanOrEqual(begins.getTime());
    expect((await send(providerId)).estimatedCost).toEqual({ amount: "0.04", currency: "EUR" });
  });

  it("finding a price needs no statement while rates are unchanged", async () => {
    const providerId = await newProvider("Statements");
    await setRates(providerId, [{ country: "SK", price: "0.05", currency: "EUR" }]);
    // The notification of the change may still arrive, and then the rate book is read once more.
    await expect
      .poll(async () => {
        statements.length = 0;
        await send(providerId);
        return statements.filter((text) => /from rates|rate_/.test(text));
      })
      .toEqual([]);
  });
});

describe("a provider that tells its rates", () => {
  it("a provider is asked once for the rate of an unused network", async () => {
    const found = await rate(fetching, "255001", "Ukraine");
    expect(found).toMatchObject({
      mccmnc: "25501",
      country: "UA",
      source: "FETCHED",
      price: { amount: "0.045", currency: "EUR" },
      validUntil: null,
    });
    expect(await rate(fetching, "25501")).toEqual(found);
    expect(await rate(fetching, "99901")).toBeNull();
  });

  it("a provider is asked for the countries of messages, and known rates are not written again", async () => {
    await send(fetching);
    const refresh = `mutation ($id: ID!) {
      refreshRates(providerId: $id) { ${outcome} ... on RateChanges { added ended unchanged provider { id } } }
    }`;
    const first = await app.client.data<{ refreshRates: object }>(refresh, { id: fetching });
    expect(first.refreshRates).toMatchObject({
      added: 1,
      ended: 0,
      unchanged: 1,
      provider: { id: fetching },
    });
    const again = await app.client.data<{ refreshRates: object }>(refresh, { id: fetching });
    expect(again.refreshRates).toMatchObject({ added: 0, ended: 0, unchanged: 2 });
    expect((await send(fetching)).estimatedCost).toEqual({ amount: "0.05", currency: "EUR" });
  });

  it("only providers that can tell their rates are asked", async () => {
    const { connectProvider: telekom } = await app.client.data<{ connectProvider: { id: string } }>(
      `mutation { connectProvider(input: { telekom: { name: "T", token: "x" } }) { ... on Provider { id } } }`,
    );
    const { refreshRates } = await app.client.data<{ refreshRates: Outcome }>(
      `mutation ($id: ID!) { refreshRates(providerId: $id) { ${outcome} } }`,
      { id: telekom.id },
    );
    expect(refreshRates).toMatchObject({ code: "UNSUPPORTED_FEATURE" });
    expect(refreshRates.message).toMatch(/setRates/);
  });

  it("a provider that does not answer a rate query is reported as unavailable", async () => {
    const id = await connectProvider(app.client, { name: "Nobody", baseUrl: "http://127.0.0.1:9" });
    const { refreshRates } = await app.client.data<{ refreshRates: Outcome }>(
      `mutation ($id: ID!) { refreshRates(providerId: $id) { ${outcome} } }`,
      { id },
    );
    expect(refreshRates).toMatchObject({ code: "UNAVAILABLE" });
  });
});

/** Fetches from a provider that returns these rates, each for its own code. */
async function tell(id: string, readings: RateReading[], asked: string[]) {
  const connection = await app.services.connections.get(
    Buffer.from(id, "base64").toString().split(":")[1] ?? "",
  );
  if (!connection) throw new Error("not connected");
  const networks = asked.flatMap((code) => parseNetwork(code) ?? []);
  const client = {
    ...connection.client,
    rates: async ({ mccmnc }: { mccmnc: string }) => ({
      ok: true as const,
      value: readings.filter(({ mcc, mnc = "" }) => mcc + mnc === mccmnc),
    }),
  };
  return fetchRates(
    app.services,
    { ...connection, row: { ...connection.row, currency: "EUR" }, client },
    networks,
  );
}

describe("what a provider tells", () => {
  const longAgo = new Date("2025-08-01T00:00:00Z");

  it("a fetched price applies from now on where another was known, whatever date it has", async () => {
    const providerId = await newProvider("Told");
    const reading = { mcc: "231", mnc: "01", price: "0.05", validFrom: longAgo };
    expect(await tell(providerId, [reading], ["23101"])).toMatchObject({ value: { added: 1, ended: 0 } });
    const before = Date.now();
    const dearer = { ...reading, price: "0.06" };
    expect(await tell(providerId, [dearer], ["23101"])).toMatchObject({ value: { added: 1, ended: 1 } });
    expect(await tell(providerId, [dearer], ["23101"])).toMatchObject({
      value: { added: 0, ended: 0, unchanged: 1 },
    });
    const { edges } = await rates({ providerId });
    expect(edges.map(({ node }) => node.price.amount)).toEqual(["0.06", "0.05"]);
    expect(edges[1]?.node.validFrom).toBe(longAgo.toISOString());
    expect(Date.parse(edges[0]?.node.validFrom ?? "")).toBeGreaterThanOrEqual(before);
  });

  it("fetched rates end when the provider no longer has them, and rates set by hand stay", async () => {
    const providerId = await newProvider("Gone");
    await setRates(providerId, [{ mccmnc: "23102", price: "0.07", currency: "EUR" }]);
    const reading = { mcc: "231", mnc: "01", price: "0.05", validFrom: longAgo };
    await tell(providerId, [reading], ["23101"]);
    expect(await tell(providerId, [], ["231001", "23102"])).toMatchObject({ value: { added: 0, ended: 1 } });
    const current = await rates({ providerId, validAt: new Date(Date.now() + 1000).toISOString() });
    expect(current.edges.map(({ node }) => node.mccmnc)).toEqual(["23102"]);
  });
});

describe("lists of rates", () => {
  it("lists of rates are paged by keyset, forwards and backwards, on the query and on the provider", async () => {
    const providerId = await newProvider("Pages");
    const input = Array.from({ length: 45 }, (_, index) => ({
      mccmnc: `26${index % 5}${String(index).padStart(2, "0")}`,
      price: "0.05",
      currency: "EUR",
    }));
    await setRates(providerId, input);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: RateConnection = await rates({ providerId, first: 10, after });
      seen.push(...page.edges.map(({ node }) => node.mccmnc));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    const all = input.map(({ mccmnc }) => mccmnc).toSorted();
    expect(seen.toSorted()).toEqual(all);
    expect(seen.map((code) => code.slice(0, 3))).toEqual(seen.map((code) => code.slice(0, 3)).toSorted());
    const { provider } = await app.client.data<{ provider: { rates: RateConnection } }>(
      `query ($id: ID!) { provider(id: $id) { rates(last: 7) { edges { cursor node { ${rateFields} } } pageInfo { hasNextPage endCursor } } } }`,
      { id: providerId },
    );
    expect(provider.rates.edges.map(({ node }) => node.mccmnc)).toEqual(seen.slice(-7));
  });

  it.each([
    'rates(after: "nonsense")',
    'providers { rates(after: "R1BDOlM6MQ==") { edges { cursor } } } rates(first: 1)',
  ])("a rate list refuses a cursor of another list: %s", async (field) => {
    const { errors } = await app.client.send(`{ ${field} { edges { cursor } } }`);
    expect(errors?.map(({ extensions }) => extensions?.code)).toContain("INVALID_CURSOR");
  });

  it("lists of rates do not show those of another account", async () => {
    const other = await app.createKey(undefined, await app.createAccount());
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${other}` },
      body: JSON.stringify({ query: "{ rates { edges { cursor } } }" }),
    });
    expect(await response.json()).toEqual({ data: { rates: { edges: [] } } });
  });
});

describe("npm run rates:import", () => {
  const run = promisify(execFile);

  async function importFile(content: string, ...args: string[]) {
    const file = join(folder, "rates.csv");
    await writeFile(file, content);
    const words = ["src/cli/import-rates.ts", ...args.map((word) => (word === "FILE" ? file : word))];
    const env = { PATH: "", DATABASE_URL: app.databaseUrl };
    return run(process.execPath, words, { env }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  it("rates:import imports a file with its history, and importing it again changes nothing", async () => {
    const providerId = await newProvider("Import");
    const content =
      "\uFEFFMCC;MNC;Country;Price;Currency;valid_from;Remark\r\n" +
      "231;01;;0.045000;EUR;2026-01-01;old\r\n231;01;;0.05;EUR;2026-03-01;new\r\n;;Ukraine;0.06;eur;;\r\n";
    const dry = await importFile(content, "Import", "FILE", "--dry-run");
    expect(dry.stdout).toMatch(/^3 rows for Import: 3 prices would be added/);
    expect((await rates({ providerId })).edges).toEqual([]);
    expect((await importFile(content, "Import", "FILE")).stdout).toMatch(/3 prices were added, 0 earlier/);
    expect((await importFile(content, providerId, "FILE")).stdout).toMatch(
      /0 prices were added.*3 were known/,
    );
    const { edges } = await rates({ providerId });
    expect(edges.map(({ node }) => [node.mccmnc, node.price.amount, node.source, node.validUntil])).toEqual([
      ["23101", "0.05", "IMPORTED", null],
      ["23101", "0.045", "IMPORTED", "2026-03-01T00:00:00.000Z"],
      ["255", "0.06", "IMPORTED", null],
    ]);
    await expect
      .poll(async () => (await send(providerId)).estimatedCost)
      .toEqual({ amount: "0.05", currency: "EUR" });
  });

  it("rates:import names every wrong row and stores nothing", async () => {
    const providerId = await newProvider("Wrong rows");
    const content =
      "mccmnc,price,currency,validFrom\n23101,0.05,EUR,\n23102,abc\u001B[2J,EUR,\n23103,0.05,EUR,yesterday\n" +
      "23104,0.05,EUR,0000-01-01\n";
    const { code, stderr } = await importFile(content, "Wrong rows", "FILE");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Row 3: The price "abc\?\[2J".*\nRow 4: A time is written like .*\nRow 5: A time is written like .*\n3 rows are wrong .* run this again/,
    );
    expect((await rates({ providerId })).edges).toEqual([]);
  });

  it("rates:import repeats no more of a header than helps, and nothing of it that a terminal obeys", async () => {
    await newProvider("Wrong header");
    const names = Array.from({ length: 1_000 }, (_, place) => `\u001B[2Jcolumn\u202E${place}`);
    const { code, stderr } = await importFile(`${names.join(",")}\n`, "Wrong header", "FILE");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The first row must name the columns, .*: \?\[2Jcolumn\?0, /);
    expect(stderr.length).toBeLessThan(500);
    for (const hidden of ["\u001B", "\u202E"]) expect(stderr).not.toContain(hidden);
  });

  it("rates:import refuses a directory and a pipe", async () => {
    const pipe = join(folder, "pipe");
    await run("mkfifo", [pipe]);
    for (const [path, what] of [
      [folder, "a directory"],
      [pipe, "a pipe"],
    ] as const)
      expect(await importFile("", "Any", path)).toMatchObject({
        code: 1,
        stderr: `${path} is ${what}. Name a CSV file.\n`,
      });
  });

  it("rates:import says what to do about an unknown file, provider or option", async () => {
    const good = "mccmnc,price,currency\n23101,0.05,EUR\n";
    await newProvider("Twice");
    await newProvider("Twice");
    const cases = [
      [
        await importFile("a,b\n1,2\n", "Twice", "FILE"),
        /"price" is not among them: a, b\. Known columns: mccmnc/,
      ],
      [await importFile(good, "Nobody's", "FILE"), /no provider "Nobody's"\. Connected providers: .*"Twice"/],
      [await importFile(good, "Twice", "FILE"), /There are 2 providers "Twice"\. Give its id instead/],
      [await importFile(good, "Twice", join(folder, "missing.csv")), /Check the path/],
      [await importFile(good, "Twice"), /Give the provider and one file\.[^]*Usage: npm run rates:import/],
    ] as const;
    for (const [{ code, stderr }, text] of cases) {
      expect(code).toBe(1);
      expect(stderr).toMatch(text);
    }
    expect((await importFile(good, "--help")).stdout).toMatch(/^Imports the rates.*[^]*--dry-run/);
  });
});
