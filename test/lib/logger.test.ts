import { Writable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger, maskNumber, type Logger } from "../../src/lib/logger.ts";
import { connectTestSandbox, startTestApp } from "../support/app.ts";
import { callbackUrlOf, post, update } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

/** A logger that writes everything, and what it wrote. */
function capture(level = "trace"): {
  logger: Logger;
  lines: () => Record<string, unknown>[];
  text: () => string;
} {
  const written: string[] = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      written.push(line.toString("utf8"));
      done();
    },
  });
  return {
    logger: createLogger({ level, destination }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => written.join(""),
  };
}

describe("a phone number in the log", () => {
  it.each([
    ["+421901000123", "+421…23"],
    ["421901000123", "421…23"],
    ["to +421901000123 and 380501234567.", "to +421…23 and 380…67."],
    ["no number: 1234567", "no number: 1234567"],
    ["12345678", "123…78"],
  ])("%j is written %j", (text, masked) => {
    expect(maskNumber(text)).toBe(masked);
  });

  it("a phone number in the log is masked in an error's message and stack, and in what a provider or the job queue said", () => {
    const { logger, text } = capture();
    const error = Object.assign(new Error('duplicate key: "+421901000123"'), {
      code: "23505",
      detail: "Failing row contains (+421901000123, Hello).",
      cause: new Error("+421901000123"),
    });
    logger.error({ error }, "failed");
    logger.error({ err: error }, "failed");
    logger.error({ error: "+421901000123" }, "failed");
    logger.warn({ problem: { kind: "refused", detail: "421901000123 is not a number" } }, "refused");
    logger.error({ queue: "Failed task: +421901000123 is taken" }, "job queue");
    logger.info({ to: "+421901000123" }, "sent");
    expect(text()).not.toMatch(/901000123|Hello/);
    expect(text()).toContain("+421…23");
    expect(text()).toContain('"code":"23505"');
  });
});

describe("what must never be in the log", () => {
  it("a secret is taken out, wherever in an object it stands", () => {
    const { logger, text } = capture();
    const secret = "do not write this";
    const names = ["authorization", "apiToken", "token", "password", "secret", "text", "body", "credentials"];
    for (const name of names) {
      logger.info({ [name]: secret }, "top");
      logger.info({ request: { [name]: secret } }, "below");
      logger.info({ request: { headers: { [name]: { deep: secret } } } }, "far below");
    }
    expect(text()).not.toContain(secret);
    expect(text().match(/\[redacted\]/g)).toHaveLength(3 * names.length);
  });
});

describe("the form of a line", () => {
  it("a log line is one JSON object with level, time and message", () => {
    const { logger, lines } = capture();
    logger.info({ messageId: "m" }, "hello\nworld");
    expect(lines()).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        messageId: "m",
        msg: "hello\nworld",
      },
    ]);
  });

  it("a log line is not written below the level asked for", () => {
    const { logger, text } = capture("warn");
    logger.info("quiet");
    logger.warn("loud");
    expect(text()).toContain("loud");
    expect(text()).not.toContain("quiet");
  });
});

describe("a whole run, with everything written down", () => {
  it.each(["debug", "trace"])("at %s shows no number, no text and no secret", async (level) => {
    const { logger, text, lines } = capture(level);
    const app = await startTestApp({ logger });
    const { sandbox, providerId } = await connectTestSandbox(app);
    onTestFinished(async () => {
      await sandbox.close();
      await app.stop();
    });
    const callbackUrl = await callbackUrlOf(app, providerId);
    const words = "Xylophone quartz";
    const numbers = ["000", "001", "003", "010", "012", "014", "015", "016", "018"].map(
      (suffix) => `421907654${suffix}`,
    );

    const send = (input: object): Promise<{ sendMessage: { id: string } }> =>
      app.client.data(
        "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }",
        { input },
      );
    const sent = await Promise.all(
      numbers.map((number) => send({ to: `+${number}`, text: words, clientRef: words })),
    );
    await send({ to: "+42190765", text: words });
    await send({ to: "+421907654000", text: words.repeat(4000) });
    const wrongKey = new GraphqlClient(app.url, `${app.key}x`);
    await wrongKey.send(`{ messages(filter: { to: "+${numbers[0]}" }) { edges { cursor } } }`);
    await app.client.send(`{ messages(filter: { to: "+${numbers[0]}" }) { edges { node { text } } } }`);
    await app.client.send(`{ syntax error "${words}" +${numbers[0]}`);
    await app.client.data("mutation ($id: ID!) { checkProvider(id: $id) { __typename } }", {
      id: providerId,
    });
    await post(callbackUrl, `{"inbound":{"from":"${numbers[0]}","text":"${words}"}}`);
    await post(callbackUrl, `${words} ${numbers[0]}`);
    await post(`${callbackUrl}x`, update({ to: numbers[0], message: words, status: "SENT" }));
    await post(
      callbackUrl,
      update({ client_ref: words, message_id: "m", to: numbers[0], part: 99_999, status: "SENT" }),
    );

    const ids = sent.map(({ sendMessage }) => sendMessage.id);
    const statuses = async (): Promise<string[]> => {
      const { nodes } = await app.client.data<{ nodes: { status: string }[] }>(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { status } } }",
        { ids },
      );
      return nodes.map(({ status }) => status);
    };
    const ended = expect.arrayContaining(["DELIVERED", "UNDELIVERED", "REJECTED"]);
    await expect.poll(statuses).toEqual(ended);
    await expect.poll(async () => (await statuses()).includes("QUEUED")).toBe(false);

    // Faults of ours are logged with what PostgreSQL says.
    const { pool } = app.services.database;
    await pool.query("alter table messages add constraint never check (recipient <> '+421907654999')");
    await send({ to: "+421907654999", text: words }).catch(() => undefined);
    await pool.query("alter table messages drop constraint never");

    expect(lines().length).toBeGreaterThan(5);
    expect(text()).toContain("an internal error");
    const secrets = [
      words,
      sandbox.token,
      app.key,
      callbackUrl.split("/").at(-1) ?? "",
      new URL(app.databaseUrl).password,
    ];
    for (const secret of secrets) expect(text()).not.toContain(secret);
    expect(text()).not.toMatch(/907654\d/);
  });
});
