import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import type { SendInput } from "../../../src/messages/accept/send-input.ts";
import type { TikosmsSandbox } from "../../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp, type TestAppOptions } from "../../support/app.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider } from "../../support/mutations.ts";

interface Sent {
  __typename: string;
  id: string;
  to: string;
  text: string;
  encoding: string;
  segments: number;
  country: string | null;
  status: string;
  version: number;
  code: string;
}

const sent =
  "__typename ... on Message { id to text encoding segments country status version } ... on Error { code }";

async function sendWith(client: GraphqlClient, input: object): Promise<Sent> {
  const { sendMessage } = await client.data<{ sendMessage: Sent }>(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${sent} } }`,
    { input: { to: "+421901000000", text: "Hello", ...input } },
  );
  return sendMessage;
}

async function sendAllWith(client: GraphqlClient, messages: object[]): Promise<Sent[]> {
  const { sendMessages } = await client.data<{ sendMessages: { results: Sent[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) { ... on SendMessagesSuccess { results { ${sent} } } }
    }`,
    { input: { messages: messages.map((message) => ({ to: "+421901000000", text: "Hello", ...message })) } },
  );
  return sendMessages.results;
}

async function statusWith(client: GraphqlClient, id: string): Promise<string> {
  const { message } = await client.data<{ message: { status: string } }>(
    "query ($id: ID!) { message(id: $id) { status } }",
    { id },
  );
  return message.status;
}

async function cancelWith(client: GraphqlClient, id: string): Promise<string | undefined> {
  const { cancelMessage } = await client.data<{ cancelMessage: { status?: string; code?: string } }>(
    "mutation ($id: ID!) { cancelMessage(id: $id) { ... on Message { status } ... on Error { code } } }",
    { id },
  );
  return cancelMessage.status ?? cancelMessage.code;
}

/** An application for one test, with a provider that sends nothing. */
async function startOwnApp(options: TestAppOptions = {}): Promise<TestApp> {
  const own = await startTestApp({ runsWorker: false, ...options });
  onTestFinished(() => own.stop());
  await connectProvider(own.client, { defaultSender: "smsgraph" });
  return own;
}

/** A clock that the test sets. */
function handClock(start = new Date()) {
  let now = start;
  return {
    now: () => now,
    advance: (hours: number) => void (now = new Date(now.getTime() + hours * 3_600_000)),
  };
}

const countMessages = (app: TestApp): Promise<number> => app.services.database.prisma.message.count();

async function countJobs(app: TestApp): Promise<number> {
  const { rows } = await app.services.database.pool.query<{ count: number }>(
    "select count(*)::int from graphile_worker._private_jobs",
  );
  return rows[0]?.count ?? 0;
}

const soon = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();

describe("storing a message", () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ runsWorker: false });
    await connectProvider(app.client, { defaultSender: "smsgraph" });
  });

  afterAll(() => app.stop());

  it.each([
    ["+421901000000", "+421901000000", "SK"],
    ["  +421901000000\n", "+421901000000", "SK"],
    ["+421 901 000 000", "+421901000000", "SK"],
    ["+421\u00a0901\u2009000\u202f000", "+421901000000", "SK"],
    ["+421-901-000-000", "+421901000000", "SK"],
    ["+421 (901) 000.000", "+421901000000", "SK"],
    ["+421/901/000/000", "+421901000000", "SK"],
    ["00421901000000", "+421901000000", "SK"],
    ["00 421 901 000 000", "+421901000000", "SK"],
    ["＋４２１９０１００００００", "+421901000000", "SK"],
    ["+٤٢١٩٠١٠٠٠٠٠٠", "+421901000000", "SK"],
    ["+380 50 123 45 67", "+380501234567", "UA"],
    ["\u202a+421901000000\u202c", "+421901000000", "SK"],
    ["+44 (0)7400 123456", "+447400123456", "GB"],
    ["+1 415 555 2671", "+14155552671", "US"],
    ["+1 876 555 2671", "+18765552671", "JM"],
    ["+39 312 345 6789", "+393123456789", "IT"],
    ["+54 9 11 2345 6789", "+5491123456789", "AR"],
    ["+7 701 123 4567", "+77011234567", "KZ"],
  ])("a message to %j is stored as %s", async (to, expected, country) => {
    expect(await sendWith(app.client, { to })).toMatchObject({ to: expected, country });
  });

  it.each([
    ["160 plain characters", "x".repeat(160), "GSM7", 1],
    ["161 plain characters", "x".repeat(161), "GSM7", 2],
    ["two segments filled", "x".repeat(306), "GSM7", 2],
    ["one character more than two segments", "x".repeat(307), "GSM7", 3],
    ["80 euro signs", "€".repeat(80), "GSM7", 1],
    ["81 euro signs", "€".repeat(81), "GSM7", 2],
    ["70 Cyrillic letters", "ы".repeat(70), "UCS2", 1],
    ["71 Cyrillic letters", "ы".repeat(71), "UCS2", 2],
    ["35 emoji", "😀".repeat(35), "UCS2", 1],
    ["a curly apostrophe", "It’s", "UCS2", 1],
    ["line breaks", "a\r\nb\n", "GSM7", 1],
    ["255 segments", "x".repeat(255 * 153), "GSM7", 255],
  ])("a text with %s is measured in its encoding and segments", async (_, text, encoding, segments) => {
    expect(await sendWith(app.client, { text })).toMatchObject({ text, encoding, segments });
  });

  it("a text is transliterated when GSM-7 is requested, and then counted", async () => {
    const text = `„Ľúbim ťa“ – it’s ${"…".repeat(50)}`;
    const expected = `"Lúbim ta" - it's ${"...".repeat(50)}`.replaceAll("ú", "u");
    expect(await sendWith(app.client, { text, encoding: "GSM7" })).toMatchObject({
      text: expected,
      encoding: "GSM7",
      segments: 2,
    });
    expect(await sendWith(app.client, { text, encoding: "AUTO" })).toMatchObject({ text, encoding: "UCS2" });
    expect(await sendWith(app.client, { text, encoding: "UCS2" })).toMatchObject({ text, encoding: "UCS2" });
  });

  it("a stored message keeps every input value unchanged", async () => {
    const input = {
      text: ' \t<b>& "quotes" \' \\ {{x}} $1 %s \u200b\ufeff é\u0301 👩‍👩‍👧 ',
      from: "O'Brien & Söhne",
      clientRef: "order/1 '\";--\n😀",
      priority: "HIGH",
    };
    const { id } = await sendWith(app.client, input);
    const { message } = await app.client.data<{ message: object }>(
      "query ($id: ID!) { message(id: $id) { text from clientRef priority flash scheduledAt validUntil } }",
      { id },
    );
    expect(message).toEqual({ ...input, flash: false, scheduledAt: null, validUntil: null });
  });

  it("a message is stored together with its first event and its job, or not at all", async () => {
    const [messages, jobs] = [await countMessages(app), await countJobs(app)];
    await sendAllWith(app.client, [{}, { to: "nobody" }, {}, { text: "" }]);
    expect([await countMessages(app), await countJobs(app)]).toEqual([messages + 2, jobs + 2]);
    const events = await app.services.database.prisma.messageEvent.findMany({
      orderBy: { id: "desc" },
      take: 1,
    });
    expect(events).toMatchObject([{ status: "QUEUED", version: 1, applied: true, source: "API" }]);
  });
});

describe("idempotency keys", () => {
  it("an idempotency key used fifty times at once makes one message", async () => {
    const app = await startOwnApp();
    const idempotencyKey = randomUUID();
    const results = await Promise.all(
      Array.from({ length: 50 }, () => sendWith(app.client, { idempotencyKey })),
    );
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect([await countMessages(app), await countJobs(app)]).toEqual([1, 1]);
  });

  it("an idempotency key used at once in two processes makes one message", async () => {
    const app = await startOwnApp();
    const { databaseUrl, secretKey } = app;
    const other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
    const clients = [app.client, new GraphqlClient(other.url, app.key)];
    const keys = Array.from({ length: 20 }, () => randomUUID());
    const rounds = await Promise.all(
      keys.flatMap((idempotencyKey) =>
        [0, 1, 0, 1].map((index) => sendWith(clients[index] as GraphqlClient, { idempotencyKey })),
      ),
    );
    await other.stop();
    expect(new Set(rounds.map(({ id }) => id)).size).toBe(20);
    expect([await countMessages(app), await countJobs(app)]).toEqual([20, 20]);
  });

  it("an idempotency key used twice in one call makes one message, and a conflict with another text", async () => {
    const app = await startOwnApp();
    const idempotencyKey = randomUUID();
    const [first, second, third, other] = await sendAllWith(app.client, [
      { idempotencyKey },
      { idempotencyKey },
      { idempotencyKey, text: "Bye" },
      {},
    ]);
    expect(second?.id).toBe(first?.id);
    expect(third?.code).toBe("IDEMPOTENCY_CONFLICT");
    expect(other?.__typename).toBe("Message");
    expect(await countMessages(app)).toBe(2);
  });

  it("an idempotency key is kept for 24 hours, and may then be used again", async () => {
    const app = await startOwnApp();
    // Ages are counted by the database's clock.
    const age = (hours: number) =>
      app.services.database.pool.query(
        "update idempotency_keys set created_at = now() - $1 * interval '1 hour' where key = $2",
        [hours, idempotencyKey],
      );
    const idempotencyKey = randomUUID();
    const { id } = await sendWith(app.client, { idempotencyKey });
    await age(23.9);
    expect((await sendWith(app.client, { idempotencyKey })).id).toBe(id);
    expect((await sendWith(app.client, { idempotencyKey, text: "Bye" })).code).toBe("IDEMPOTENCY_CONFLICT");
    await age(24.5);
    const later = await sendWith(app.client, { idempotencyKey, text: "Bye" });
    expect(later).toMatchObject({ __typename: "Message", text: "Bye" });
    expect((await sendWith(app.client, { idempotencyKey, text: "Bye" })).id).toBe(later.id);
    expect((await sendWith(app.client, { idempotencyKey })).code).toBe("IDEMPOTENCY_CONFLICT");
    expect(await countMessages(app)).toBe(2);
  });

  it("an idempotency key holds although the database's clock is days ahead of ours", async () => {
    const clock = handClock(new Date(Date.now() - 72 * 3_600_000));
    const app = await startOwnApp({ clock });
    const scheduledAt = new Date(clock.now().getTime() + 3_600_000).toISOString();
    const input = { idempotencyKey: randomUUID(), scheduledAt };
    const { id } = await sendWith(app.client, input);
    clock.advance(0.5);
    expect((await sendWith(app.client, input)).id).toBe(id);
    clock.advance(1);
    expect((await sendWith(app.client, input)).id).toBe(id);
  });

  it("an idempotency key still gives its message when the same input would be refused by now", async () => {
    const clock = handClock();
    const app = await startOwnApp({ clock });
    const scheduledAt = new Date(clock.now().getTime() + 3_600_000).toISOString();
    const scheduled = { idempotencyKey: randomUUID(), scheduledAt };
    const plain = { idempotencyKey: randomUUID() };
    const [first, second] = await sendAllWith(app.client, [scheduled, plain]);
    clock.advance(2);
    expect((await sendWith(app.client, scheduled)).id).toBe(first?.id);
    expect((await sendWith(app.client, { ...scheduled, text: "Bye" })).code).toBe("IDEMPOTENCY_CONFLICT");
    expect((await sendWith(app.client, { ...scheduled, idempotencyKey: randomUUID() })).code).toBe(
      "INVALID_SCHEDULE",
    );
    const { providers } = await app.client.data<{ providers: { id: string }[] }>("{ providers { id } }");
    await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", providers[0]);
    expect((await sendWith(app.client, plain)).id).toBe(second?.id);
    expect((await sendWith(app.client, {})).code).toBe("NO_ROUTE");
  });

  it("an idempotency key treats all absent values alike, and no other values", async () => {
    const app = await startOwnApp();
    const idempotencyKey = randomUUID();
    const scheduledAt = new Date(Date.now() + 86_400_000);
    const first = await sendWith(app.client, { idempotencyKey, scheduledAt: scheduledAt.toISOString() });
    const offset = scheduledAt.toISOString().replace("Z", "+00:00");
    const same = { idempotencyKey, scheduledAt: offset, clientRef: null, from: null, flash: null };
    expect((await sendWith(app.client, same)).id).toBe(first.id);
    for (const change of [
      { clientRef: "x" },
      { from: "smsgraph" },
      { priority: "LOW" },
      { to: "+421901000001" },
    ]) {
      expect((await sendWith(app.client, { ...same, ...change })).code).toBe("IDEMPOTENCY_CONFLICT");
    }
  });

  it("an idempotency key belongs to its account", async () => {
    const app = await startOwnApp();
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    await connectProvider(other, { defaultSender: "other" });
    const idempotencyKey = randomUUID();
    const [one, two] = [
      await sendWith(app.client, { idempotencyKey }),
      await sendWith(other, { idempotencyKey, text: "Bye" }),
    ];
    expect([one.__typename, two.__typename]).toEqual(["Message", "Message"]);
    expect(one.id).not.toBe(two.id);
  });

  it("a refused input does not use up its idempotency key", async () => {
    const app = await startOwnApp();
    const idempotencyKey = randomUUID();
    expect((await sendWith(app.client, { idempotencyKey, text: "" })).code).toBe("INVALID_TEXT");
    expect((await sendWith(app.client, { idempotencyKey })).__typename).toBe("Message");
  });

  it("idempotency keys of a thousand refused messages take only a few statements", async () => {
    const statements: string[] = [];
    const app = await startOwnApp({ onStatement: noteIn(statements) });
    const messages = Array.from({ length: 1000 }, () => ({ to: "nobody", idempotencyKey: randomUUID() }));
    await sendWith(app.client, {});
    statements.length = 0;
    const results = await sendAllWith(app.client, messages);
    expect(new Set(results.map(({ code }) => code))).toEqual(new Set(["INVALID_PHONE_NUMBER"]));
    expect(statements.length).toBeLessThan(10);
  });
});

/** Records statements, except reads of the event log, whose number depends on other tests. */
const noteIn =
  (statements: string[]) =>
  (text: string): void => {
    if (!text.includes("pg_snapshot_xmin")) statements.push(text);
  };

describe("sendMessages", () => {
  it("a message is answered as it is stored, in every column", async () => {
    const app = await startOwnApp();
    const { database, sender } = app.services;
    await database.pool.query(
      `insert into rates (id, account_id, provider_id, mcc, country, price, currency, valid_from)
       select gen_random_uuid(), account_id, id, '231', 'SK', 0.0450, 'EUR', '2020-01-01' from providers`,
    );
    const to = "+421901000000";
    const long: SendInput = { to, text: "Čau ".repeat(40), clientRef: "order 7", priority: "HIGH" };
    const inputs: SendInput[] = [
      { to, text: "Hello" },
      { ...long, scheduledAt: new Date(Date.now() + 3_600_123), idempotencyKey: randomUUID() },
      { to, text: "Later", duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE" },
    ];
    for (const result of await sender.send(app.accountId, inputs, undefined)) {
      if ("error" in result) throw result.error;
      const row = await database.prisma.message.findUniqueOrThrow({ where: { id: result.messageId } });
      expect(result.message).toEqual(row);
      expect(row.estimatedCost).not.toBeNull();
    }
  });

  it("sendMessages stores a thousand with a few statements, and answers in the order given", async () => {
    const statements: string[] = [];
    const app = await startOwnApp({ onStatement: noteIn(statements) });
    await sendWith(app.client, {});
    statements.length = 0;
    const texts = Array.from({ length: 1000 }, (_, index) => `Message ${index}`);
    const results = await sendAllWith(
      app.client,
      texts.map((text) => ({ text, idempotencyKey: text })),
    );
    expect(results.map(({ text }) => text)).toEqual(texts);
    expect(new Set(results.map(({ id }) => id)).size).toBe(1000);
    expect([await countMessages(app), await countJobs(app)]).toEqual([1001, 1001]);
    const writes = statements.filter((text) => text.includes("insert into messages"));
    expect(writes).toHaveLength(1);
    expect(statements.length).toBeLessThan(12);
    // Each with its own event, in the order of acceptance.
    const events = await app.services.database.prisma.messageEvent.findMany({
      orderBy: { id: "asc" },
      skip: 1,
    });
    expect(events.map(({ messageId }) => messageId)).toEqual(
      results.map(({ id }) => decodeId("Message", id)),
    );
  });
});

describe("sending", () => {
  let app: TestApp;
  let sandbox: TikosmsSandbox;

  beforeAll(async () => {
    app = await startTestApp();
    ({ sandbox } = await connectTestSandbox(app));
  });

  afterAll(async () => {
    await sandbox.close();
    await app.stop();
  });

  /** How often the sandbox was asked to send this message. */
  const submissions = (id: string): number =>
    sandbox.requests.filter(({ body }) => body.includes(decodeId("Message", id))).length;

  it("a stored message is handed over once", async () => {
    const message = await sendWith(app.client, { text: "„Hi“", encoding: "GSM7", from: "Sender" });
    await expect.poll(() => statusWith(app.client, message.id)).toBe("DELIVERED");
    const bodies = sandbox.requests.flatMap(({ path, body }) =>
      path === "/v1/message" ? [JSON.parse(body) as object] : [],
    );
    expect(bodies).toMatchObject([
      { from: "Sender", message: '"Hi"', to: "421901000000", client_ref: decodeId("Message", message.id) },
    ]);
    expect(submissions(message.id)).toBe(1);
  });

  it("a scheduled message waits for its time, and is never handed over if it is cancelled before", async () => {
    const [cancelled, kept] = await sendAllWith(app.client, [
      { scheduledAt: soon(1200) },
      { scheduledAt: soon(1500) },
    ]);
    if (!cancelled || !kept) throw new Error("nothing was sent");
    expect([cancelled.status, kept.status]).toEqual(["SCHEDULED", "SCHEDULED"]);
    expect(await cancelWith(app.client, cancelled.id)).toBe("CANCELLED");
    expect(await cancelWith(app.client, cancelled.id)).toBe("CANCELLED");
    expect(submissions(kept.id)).toBe(0);
    await expect.poll(() => statusWith(app.client, kept.id)).toBe("DELIVERED");
    const { scheduledAt, submittedAt } = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", kept.id) },
    });
    expect(submittedAt?.getTime()).toBeGreaterThanOrEqual(scheduledAt?.getTime() ?? 0);
    expect(submissions(kept.id)).toBe(1);
    // Its time comes before the other's.
    await expect.poll(() => jobOf(cancelled.id)).toBe(0);
    expect(await statusWith(app.client, cancelled.id)).toBe("CANCELLED");
    expect(submissions(cancelled.id)).toBe(0);
  });

  it("sending and cancelling at the same moment never both succeed", async () => {
    const messages = await sendAllWith(
      app.client,
      Array.from({ length: 60 }, () => ({})),
    );
    const answers = await Promise.all(messages.map(({ id }) => cancelWith(app.client, id)));
    const ends = await Promise.all(
      messages.map(async ({ id }, index) => {
        const end = answers[index] === "CANCELLED" ? "CANCELLED" : "DELIVERED";
        await expect.poll(() => statusWith(app.client, id)).toBe(end);
        return end;
      }),
    );
    for (const { id } of messages) await expect.poll(() => jobOf(id)).toBe(0);
    expect(messages.map(({ id }) => submissions(id))).toEqual(
      ends.map((end) => (end === "CANCELLED" ? 0 : 1)),
    );
    expect(["CANCELLED", "NOT_CANCELLABLE"]).toEqual(expect.arrayContaining([...new Set(answers)]));
  });

  it("messages of high priority are sent first", async () => {
    const idle = await startTestApp({ runsWorker: false });
    const { sandbox: ordered } = await connectTestSandbox(idle);
    const priorities = ["LOW", "NORMAL", "HIGH"].flatMap((priority) =>
      Array.from({ length: 5 }, () => priority),
    );
    for (const priority of priorities) await sendWith(idle.client, { priority, text: priority });
    const { databaseUrl, secretKey, url: publicUrl } = idle;
    const worker = await startTestApp({
      databaseUrl,
      secretKey,
      publicUrl,
      runsApi: false,
      workerConcurrency: 1,
    });
    const texts = (): string[] =>
      ordered.requests.flatMap(({ path, body }) =>
        path === "/v1/message" ? [(JSON.parse(body) as { message: string }).message] : [],
      );
    await expect.poll(() => texts().length).toBe(15);
    // Jobs that were fetched together run in any order: here two at a time.
    const ranks = texts().map((text) => ["HIGH", "NORMAL", "LOW"].indexOf(text));
    const isEarly = (rank: number, index: number): boolean =>
      ranks.slice(index + 2).every((later) => later >= rank);
    expect(ranks.filter(isEarly)).toEqual(ranks);
    await worker.stop();
    await ordered.close();
    await idle.stop();
  });

  it("a receipt parked while its message was being stored finds it", async () => {
    const { id } = await sendWith(app.client, { to: "+421901000005" });
    await expect.poll(() => statusWith(app.client, id)).toBe("SUBMITTED");
    const { providerId, providerMessageId } = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", id) },
    });
    await app.services.database.prisma.parkedReceipt.create({
      data: {
        providerId: providerId ?? "",
        providerMessageId: providerMessageId ?? "",
        part: 1,
        parts: 1,
        status: "DELIVERED",
        providerStatus: "DELIVRD",
        source: "CALLBACK",
        receivedAt: new Date(),
      },
    });
    await expect.poll(() => statusWith(app.client, id)).toBe("DELIVERED");
  });

  /** Jobs that still hold this message. */
  async function jobOf(id: string): Promise<number> {
    const { rows } = await app.services.database.pool.query<{ count: number }>(
      "select count(*)::int from graphile_worker._private_jobs where payload ->> 'messageId' = $1",
      [decodeId("Message", id)],
    );
    return rows[0]?.count ?? 0;
  }
});
