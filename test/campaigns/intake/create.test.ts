import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { countCampaignRows, createCampaign, nothing, type Refused } from "../../support/campaigns.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider, nobody } from "../../support/mutations.ts";

let app: TestApp;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
  await app.services.database.pool.query(
    `insert into rates (id, account_id, provider_id, mcc, country, price, currency, valid_from)
    select gen_random_uuid(), $1, $2, mcc, country, price, currency, '2020-01-01'
    from (values ('231', 'SK', 0.045, 'EUR'), ('230', 'CZ', 0.9, 'CZK')) as r (mcc, country, price, currency)`,
    [app.accountId, decodeId("Provider", providerId)],
  );
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

beforeEach(async () => {
  await app.services.database.pool.query(
    "truncate campaigns, campaign_recipients, refused_recipients, campaign_estimates, campaign_tallies, campaign_routes, message_events, attempts, bulk_attempts cascade",
  );
});

const people = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ to: `+4219010${String(index).padStart(5, "0")}` }));

const recipientsOf = async (id: string) =>
  app.services.database.prisma.campaignRecipient.findMany({
    where: { campaignId: decodeId("Campaign", id) },
    orderBy: { position: "asc" },
    select: {
      position: true,
      recipient: true,
      clientRef: true,
      text: true,
      encoding: true,
      segments: true,
      country: true,
      sender: true,
      estimatedCurrency: true,
    },
  });

const rowOf = (id: string) =>
  app.services.database.prisma.campaign.findUniqueOrThrow({ where: { id: decodeId("Campaign", id) } });

const refusedRows = (nodes: { edges: { node: Refused }[] }): [number, string, string][] =>
  nodes.edges.map(({ node: { row, to, code } }) => [row, to, code]);

describe("createCampaign with a list", () => {
  it("a campaign from a list stores good recipients in order, drops repeated numbers and refuses bad rows", async () => {
    const created = await createCampaign(app, {
      text: "Hello {{name}}, you are {{age}}",
      recipients: [
        { to: "+421 901 000 001", clientRef: "one", values: { name: "Jana", age: 30, more: ["x"] } },
        { to: "00421901000002", values: { name: "Ján", age: true } },
        { to: "0901000003", values: { name: "Eva", age: "5" } },
        { to: "+421901000001", values: { name: "Again", age: "1" } },
        { to: "+420601000004", values: { name: "Ľubomír", age: "" } },
        { to: "+421901000005", values: { name: "Nobody" } },
        { to: "+421901000006", values: { name: "List", age: ["5"] } },
        { to: "+421901000007", clientRef: "x".repeat(256), values: { name: "Long", age: 1 } },
        { to: "+421901\u0000", values: { name: "Zero", age: 1 } },
        { to: "+421901000009" },
        { to: "+421901000010", values: { name: "x".repeat(39_500), age: 1 } },
      ],
    });
    expect(created).toMatchObject({ __typename: "Campaign", name: "Spring", status: "RUNNING" });
    expect(created).toMatchObject({ duplicatesRemoved: 1, refusedCount: 7 });
    expect(await recipientsOf(created.id)).toEqual([
      expect.objectContaining({ position: 1, recipient: "+421901000001", clientRef: "one", segments: 1 }),
      expect.objectContaining({
        position: 2,
        text: "Hello Ján, you are true",
        country: "SK",
        encoding: "UCS2",
      }),
      expect.objectContaining({ position: 5, text: "Hello Ľubomír, you are ", country: "CZ" }),
    ]);
    expect(refusedRows(created.refusedRecipients)).toEqual([
      [3, "0901000003", "INVALID_PHONE_NUMBER"],
      [6, "+421901000005", "INVALID_TEXT"],
      [7, "+421901000006", "INVALID_TEXT"],
      [8, "+421901000007", "INVALID_INPUT"],
      [9, "+421901\uFFFD", "INVALID_PHONE_NUMBER"],
      [10, "+421901000009", "INVALID_TEXT"],
      [11, "+421901000010", "INVALID_TEXT"],
    ]);
    expect(created.refusedRecipients.edges[1]?.node.reason).toBe("There is no value for {{age}}.");
    expect(created.refusedRecipients.edges[5]?.node.reason).toBe("There is no value for {{name}}, {{age}}.");
    expect(created.estimatedCost).toEqual([
      { amount: "0.9", currency: "CZK" },
      { amount: "0.09", currency: "EUR" },
    ]);
  });

  it("a value whose name only looks the same is taken where none is written exactly so", async () => {
    const created = await createCampaign(app, {
      text: "Hello {{first name}}",
      recipients: [
        { to: "+421901000001", values: { "first\u00a0name": "Ann" } },
        { to: "+421901000002", values: { "first\u00a0name": "Bob", "first name": "Bea" } },
        { to: "+421901000003", values: { " first  name ": "Cid", "FIRST NAME": "no" } },
      ],
    });
    const texts = (await recipientsOf(created.id)).map(({ text }) => text);
    expect(texts).toEqual(["Hello Ann", "Hello Bea", "Hello Cid"]);
  });

  it("a new campaign counts its recipients, starts, and leaves one job that creates its messages", async () => {
    const created = await createCampaign(app, { recipients: people(7_001), from: "Shop" });
    const row = await rowOf(created.id);
    expect(row).toMatchObject({
      status: "RUNNING",
      total: 7_001,
      refused: 0,
      sender: "Shop",
      importUntil: null,
    });
    expect(row.importedAt).toEqual(row.startedAt);
    expect(row.startedAt).not.toBeNull();
    expect(await countCampaignRows(app)).toEqual({
      campaigns: 1,
      campaign_recipients: 7_001,
      refused_recipients: 0,
      campaign_estimates: 1,
      campaign_tallies: 1,
      campaign_routes: 1,
    });
    const [tally] = await app.services.database.prisma.campaignTally.findMany();
    expect(tally).toMatchObject({ campaignId: row.id, status: "QUEUED", delta: 7_001 });
    const { rows } = await app.services.database.pool.query<{ payload: unknown }>(
      "select payload from graphile_worker._private_jobs where key = $1",
      [`expand-campaign ${row.id}`],
    );
    expect(rows).toEqual([{ payload: { campaignId: row.id } }]);
    // The text is that of the campaign, so it is stored only once.
    expect((await recipientsOf(created.id)).every(({ text }) => text === null)).toBe(true);
  });

  it("a scheduled campaign is stored with its settings and not started", async () => {
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const created = await createCampaign(app, {
      recipients: people(3),
      providerId,
      scheduledAt,
      timeZone: "europe/bratislava",
      sendWindow: { start: "20:30", end: "06:00" },
      messagesPerSecond: 2.5,
      priority: "HIGH",
    });
    expect(created.status).toBe("SCHEDULED");
    expect(await rowOf(created.id)).toMatchObject({
      providerId: decodeId("Provider", providerId),
      scheduledAt,
      startedAt: null,
      timeZone: "Europe/Bratislava",
      windowStart: 20 * 60 + 30,
      windowEnd: 6 * 60,
      messagesPerSecond: 2.5,
      priority: "HIGH",
    });
    const [tally] = await app.services.database.prisma.campaignTally.findMany();
    expect(tally).toMatchObject({ status: "SCHEDULED", delta: 3 });
  });

  it("a campaign text keeps every character as given", async () => {
    const odd = ['a"b', "a\\b", 'a\\"b', "NULL", "null", "{a,b}", "a,b", " a ", "a\nb", "Ľ🎉", "", "\\"];
    const recipients = odd.map((value, index) => ({
      to: `+4219010000${index + 10}`,
      clientRef: value === "" ? null : value,
      values: { value },
    }));
    const created = await createCampaign(app, { text: "<{{value}}>", recipients });
    const stored = await recipientsOf(created.id);
    expect(stored.map(({ text }) => text)).toEqual(odd.map((value) => `<${value}>`));
    expect(stored.map(({ clientRef }) => clientRef ?? "")).toEqual(odd);
  });

  it("escaped braces in a campaign text are written as braces for every recipient", async () => {
    const created = await createCampaign(app, { text: "Write \\{{name}}", recipients: people(2) });
    expect((await recipientsOf(created.id)).map(({ text }) => text)).toEqual([
      "Write {{name}}",
      "Write {{name}}",
    ]);
  });

  it.each([
    ["no recipients", { recipients: [] }, "INVALID_INPUT", "recipients", /1 to 100000 recipients, not 0/],
    ["neither list nor file", {}, "INVALID_INPUT", "recipients", /exactly one of `recipients` and `file`/],
    [
      "a placeholder that nobody has",
      { text: "{{x}} {{y}}", recipients: [{ to: "+421901000001", values: { x: 1 } }] },
      "INVALID_INPUT",
      "text",
      /\{\{y\}\}\. No recipient has such a value/,
    ],
    [
      "a placeholder that every object has",
      { text: "{{constructor}}", recipients: [{ to: "+421901000001", values: {} }] },
      "INVALID_INPUT",
      "text",
      /\{\{constructor\}\}/,
    ],
    ["a placeholder without an end", { text: "{{x" }, "INVALID_TEXT", undefined, /Write one as \{\{name\}\}/],
    ["an empty text", { text: " " }, "INVALID_TEXT", undefined, /empty/],
    ["a text with a NUL", { text: "{{x}}\u0000" }, "INVALID_TEXT", undefined, /NUL/],
    [
      "an endless text",
      { text: "x".repeat(50_000) },
      "INVALID_TEXT",
      undefined,
      /more than 40000 characters/,
    ],
    ["too long a text", { text: "x".repeat(39_500) }, "INVALID_TEXT", undefined, /segments/],
    ["too long a sender", { from: "a sender that is too long" }, "INVALID_SENDER", undefined, /longer than/],
    ["an empty name", { name: " " }, "INVALID_INPUT", "name", /1 to 255/],
    ["too long a name", { name: "x".repeat(256) }, "INVALID_INPUT", "name", /1 to 255/],
    ["a name with a NUL", { name: "a\u0000" }, "INVALID_INPUT", "name", /NUL/],
    ["a sender with a NUL", { from: "a\u0000" }, "INVALID_INPUT", "from", /NUL/],
    ["an empty idempotency key", { idempotencyKey: "" }, "INVALID_INPUT", "idempotencyKey", /1 to 255/],
    ["a time in the past", { scheduledAt: new Date(0) }, "INVALID_SCHEDULE", undefined, /in the past/],
    ["an unknown time zone", { timeZone: "Europe/Nowhere" }, "INVALID_INPUT", "timeZone", /IANA time zone/],
    ["an offset for a time zone", { timeZone: "+01:00" }, "INVALID_INPUT", "timeZone", /IANA time zone/],
    [
      "a window of no length",
      { sendWindow: { start: "09:00", end: "09:00" } },
      "INVALID_INPUT",
      "sendWindow.end",
      /not end when it starts/,
    ],
    [
      "a window from 24:00",
      { sendWindow: { start: "24:00", end: "09:00" } },
      "INVALID_INPUT",
      "sendWindow.start",
      /before 24:00/,
    ],
    [
      "a window that is no time",
      { sendWindow: { start: "9", end: "20:00" } },
      "INVALID_INPUT",
      "sendWindow.start",
      /for example 09:00/,
    ],
    [
      "a window after midnight",
      { sendWindow: { start: "09:00", end: "24:01" } },
      "INVALID_INPUT",
      "sendWindow.end",
      /00:00 to 24:00/,
    ],
    ["no speed", { messagesPerSecond: 0 }, "INVALID_INPUT", "messagesPerSecond", /0.01 to 100000/],
    [
      "an unknown provider",
      { providerId: nobody("Provider") },
      "NOT_FOUND",
      undefined,
      new RegExp(nobody("Provider")),
    ],
    ["an id that is none", { providerId: "x" }, "INVALID_ID", "providerId", /exactly as an answer gave it/],
  ])("createCampaign refuses %s and stores nothing", async (_, input, code, field, message) => {
    const recipients =
      "recipients" in input || Object.keys(input).length === 0 ? {} : { recipients: people(2) };
    const refused = await createCampaign(app, { ...recipients, ...input });
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(refused.field).toBe(field);
    expect(await countCampaignRows(app)).toEqual(nothing);
  });

  it("one request takes 100,000 recipients and not one more", async () => {
    const recipients = Array.from({ length: 100_000 }, (_, index) => ({
      to: `+42191${String(index).padStart(7, "0")}`,
      clientRef: `customer-${index}`,
      values: { first_name: "Jana", city: "Bratislava" },
    }));
    const created = await createCampaign(app, { text: "Hello {{first_name}} of {{city}}", recipients });
    expect(await rowOf(created.id)).toMatchObject({ total: 100_000, refused: 0 });
    const refused = await createCampaign(app, { recipients: [...recipients, { to: "+421901000000" }] });
    expect(refused).toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining("not 100001") });
  }, 300_000);

  it("a campaign without any good recipient is refused with the reasons, and nothing stays stored", async () => {
    const recipients = Array.from({ length: 3_000 }, (_, index) => ({ to: `nobody ${index}` }));
    const refused = await createCampaign(app, { recipients, idempotencyKey: "none good" });
    expect(refused).toMatchObject({
      __typename: "NoRecipientsError",
      code: "NO_RECIPIENTS",
      refusedCount: 3_000,
      message: expect.stringMatching(/^None of the 3000 .* Row 1: "nobody 0" is not a phone number/),
    });
    expect(refused.refused).toHaveLength(10);
    expect(refused.refused[9]).toMatchObject({ row: 10, to: "nobody 9", code: "INVALID_PHONE_NUMBER" });
    expect(await countCampaignRows(app)).toEqual(nothing);
    // The idempotency key is free again.
    const created = await createCampaign(app, { recipients: people(1), idempotencyKey: "none good" });
    expect(created.__typename).toBe("Campaign");
  });

  it("createCampaign needs a provider, a sender ID and the scope for campaigns", async () => {
    const accountId = await app.createAccount();
    const clientOf = async (scopes: Parameters<TestApp["createKey"]>[0]) => ({
      client: new GraphqlClient(app.url, await app.createKey(scopes, accountId)),
    });
    const other = await clientOf(["READ", "SEND", "ADMIN"]);
    expect(await createCampaign(other, { recipients: people(1) })).toMatchObject({ code: "NO_ROUTE" });
    await connectProvider(other.client);
    for (const text of ["Hello", "Hello {{name}}"]) {
      const recipients = [{ to: "+421901000001", values: { name: "Jana" } }];
      expect(await createCampaign(other, { text, recipients })).toMatchObject({ code: "INVALID_SENDER" });
    }
    expect(await createCampaign(other, { recipients: people(1), providerId })).toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(createCampaign(await clientOf(["READ"]), { recipients: people(1) })).rejects.toThrow(
      /FORBIDDEN/,
    );
  });
});

describe("a dry run of a campaign", () => {
  it("a dry run of a campaign returns its whole result and stores nothing", async () => {
    const preview = await createCampaign(app, {
      dryRun: true,
      idempotencyKey: "not used up",
      text: "Hello {{name}}",
      recipients: [
        { to: "+421901000001", values: { name: "Jana" } },
        { to: "+421901000001", values: { name: "Jana" } },
        { to: "+421901000002", values: { name: "Ľ".repeat(80) } },
        { to: "+420601000003", values: { name: "Jan" } },
        { to: "+491601000004", values: { name: "Jan" } },
        { to: "nobody", values: { name: "Jan" } },
      ],
    });
    expect(preview).toMatchObject({
      __typename: "CampaignPreview",
      total: 4,
      duplicatesRemoved: 1,
      refusedRows: 1,
      segments: 5,
      estimatedCost: [
        { amount: "0.9", currency: "CZK" },
        { amount: "0.135", currency: "EUR" },
      ],
      countries: [
        { country: "SK", recipients: 2, segments: 3, estimatedCost: [{ amount: "0.135", currency: "EUR" }] },
        { country: "CZ", recipients: 1, segments: 1, estimatedCost: [{ amount: "0.9", currency: "CZK" }] },
        { country: "DE", recipients: 1, segments: 1, estimatedCost: [] },
      ],
      refusedRecipients: { edges: [{ node: { to: "nobody", row: 6, code: "INVALID_PHONE_NUMBER" } }] },
    });
    const { messages } = preview as unknown as { messages: object[] };
    expect(messages).toHaveLength(4);
    expect(messages[0]).toEqual({ to: "+421901000001", text: "Hello Jana", encoding: "GSM7", segments: 1 });
    expect(await countCampaignRows(app)).toEqual(nothing);
  });

  it("a dry run of a campaign has all refused rows as a file that no spreadsheet calculates", async () => {
    const recipients = [{ to: "=1+1" }, { to: "+421901000001" }, ...people(0), { to: 'no, "none"' }];
    const bad = Array.from({ length: 120 }, (_, index) => ({ to: `12${index}` }));
    const { createCampaign: preview } = await app.client.data<{ createCampaign: { refusedCsv: string } }>(
      `mutation ($input: CreateCampaignInput!) {
        createCampaign(input: $input) { ... on CampaignPreview { refusedCsv } ... on Error { message } }
      }`,
      { input: { name: "Bad", text: "Hello", dryRun: true, recipients: [...recipients, ...bad] } },
    );
    const lines = preview.refusedCsv.trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + 2 + 120);
    expect(lines[0]).toBe("row,to,code,reason");
    expect(lines[1]).toMatch(/^1,'=1\+1,INVALID_PHONE_NUMBER,/);
    expect(lines[2]).toMatch(/^3,"no, ""none""",INVALID_PHONE_NUMBER,/);
    expect(lines.at(-1)).toMatch(/^123,12119,/);
  });

  it("a dry run of a campaign with only bad rows also has a result", async () => {
    expect(await createCampaign(app, { dryRun: true, recipients: [{ to: "x" }] })).toMatchObject({
      __typename: "CampaignPreview",
      total: 0,
      refusedRows: 1,
    });
  });
});

describe("an idempotency key of a campaign", () => {
  const input = { recipients: people(5_000), idempotencyKey: "key", timeZone: null };

  it("an idempotency key returns the first campaign, also to concurrent calls, and refuses a different input", async () => {
    const created = await Promise.all(Array.from({ length: 8 }, () => createCampaign(app, input)));
    const [id = ""] = new Set(created.map((campaign) => campaign.id));
    expect(new Set(created.map((campaign) => campaign.id)).size).toBe(1);
    expect(await countCampaignRows(app)).toMatchObject({ campaigns: 1, campaign_recipients: 5_000 });
    for (const other of [
      { text: "Bye" },
      { recipients: people(4_999) },
      { recipients: people(5_000).toReversed() },
    ]) {
      expect(await createCampaign(app, { ...input, ...other })).toMatchObject({
        code: "IDEMPOTENCY_CONFLICT",
        campaignId: id,
        messageId: null,
      });
    }
  });

  it("an idempotency key treats inputs as equal if they differ only in how they are written", async () => {
    const recipients = [{ to: "+421901000001", values: { a: 1, b: 2 } }];
    const { id } = await createCampaign(app, { idempotencyKey: "written", text: "{{a}}", recipients });
    const again = [{ values: { b: 2, a: 1 }, clientRef: null, to: "+421901000001" }];
    expect(
      await createCampaign(app, {
        text: "{{a}}",
        priority: null,
        recipients: again,
        idempotencyKey: "written",
      }),
    ).toMatchObject({ id });
  });

  it("an idempotency key still returns its campaign when the same input would be refused by now", async () => {
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const { id } = await createCampaign(app, { ...input, scheduledAt });
    await app.client.data(
      "mutation ($id: ID!) { updateProvider(input: { id: $id, enabled: false }) { __typename } }",
      { id: providerId },
    );
    expect(await createCampaign(app, { ...input, scheduledAt })).toMatchObject({ id });
    expect(await createCampaign(app, { ...input, idempotencyKey: "new" })).toMatchObject({
      code: "NO_ROUTE",
    });
    await app.client.data(
      "mutation ($id: ID!) { updateProvider(input: { id: $id, enabled: true }) { __typename } }",
      { id: providerId },
    );
  });

  it("an idempotency key of a campaign is free again after a day, and always free in another account", async () => {
    const { id } = await createCampaign(app, input);
    await app.services.database.pool.query(
      "update campaigns set created_at = created_at - interval '25 hours'",
    );
    const later = await createCampaign(app, { ...input, text: "Bye" });
    expect(later).toMatchObject({ __typename: "Campaign" });
    expect(later.id).not.toBe(id);
    expect(await createCampaign(app, { ...input, text: "Bye" })).toMatchObject({ id: later.id });
  });
});

describe("refusedRecipients", () => {
  it("refused recipients are read in pages that do not shift", async () => {
    const recipients = Array.from({ length: 250 }, (_, index) => ({
      to: index % 2 === 0 ? `bad ${index}` : `+4219010${String(index).padStart(5, "0")}`,
    }));
    const { id } = await createCampaign(app, { recipients });
    const query = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      node(id: $id) { ... on Campaign {
        refusedRecipients(first: $first, after: $after, last: $last, before: $before) {
          pageInfo { hasNextPage hasPreviousPage endCursor startCursor } edges { cursor node { row } }
        }
      } }
    }`;
    type Page = {
      pageInfo: { hasNextPage: boolean; endCursor: string; startCursor: string };
      edges: { node: { row: number } }[];
    };
    const read = async (page: object): Promise<Page> =>
      (await app.client.data<{ node: { refusedRecipients: Page } }>(query, { id, ...page })).node
        .refusedRecipients;
    const rows: number[] = [];
    for (let after: string | undefined, more = true; more;) {
      const { edges, pageInfo } = await read({ first: 40, after });
      rows.push(...edges.map(({ node }) => node.row));
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(rows).toEqual(Array.from({ length: 125 }, (_, index) => index * 2 + 1));
    const end = await read({ last: 2 });
    expect(end.edges.map(({ node }) => node.row)).toEqual([247, 249]);
    const before = await read({ last: 2, before: end.pageInfo.startCursor });
    expect(before.edges.map(({ node }) => node.row)).toEqual([243, 245]);
    const { errors } = await app.client.send(query, { id, after: "zzz" });
    expect(errors).toMatchObject([{ extensions: { code: "INVALID_CURSOR" } }]);
  });

  it("refused recipients cannot be read by another account", async () => {
    const { id } = await createCampaign(app, { recipients: [{ to: "x" }, ...people(1)] });
    const key = await app.createKey(["READ"], await app.createAccount());
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({
        query: `{ node(id: "${id}") { ... on Campaign { refusedRecipients { edges { node { to } } } } } }`,
      }),
    });
    expect(await response.json()).toEqual({ data: { node: null } });
    expect(encodeId("Campaign", decodeId("Campaign", id))).toBe(id);
  });
});
