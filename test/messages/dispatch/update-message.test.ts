import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

interface Sent {
  id: string;
  version: number;
  status: string;
  text: string;
  segments: number;
  encoding: string;
  scheduledAt: string | null;
  code?: string;
  message?: string;
  field?: string;
}

const fields = "id version status text segments encoding scheduledAt";

async function send(input: object): Promise<Sent> {
  const document = `mutation ($input: SendMessageInput!) {
    sendMessage(input: $input) { ... on Message { ${fields} } ... on Error { code message } }
  }`;
  const given = { to: "+421901000000", text: "Hello", ...input };
  return (await app.client.data<{ sendMessage: Sent }>(document, { input: given })).sendMessage;
}

async function update(input: object): Promise<Sent> {
  const document = `mutation ($input: UpdateMessageInput!) {
    updateMessage(input: $input) {
      ... on Message { ${fields} }
      ... on Error { code message }
      ... on VersionConflictError { version }
    }
  }`;
  return (await app.client.data<{ updateMessage: Sent }>(document, { input })).updateMessage;
}

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

const textsSent = (): string[] =>
  sandbox.requests.flatMap(({ path, body }) =>
    path === "/v1/message" ? [(JSON.parse(body) as { message: string }).message] : [],
  );

const statusOf = async (id: string): Promise<string> => {
  const { message } = await app.client.data<{ message: { status: string } }>(
    "query ($id: ID!) { message(id: $id) { status } }",
    { id },
  );
  return message.status;
};

describe("updateMessage", () => {
  it("a message that waits gets another text and time, and is measured anew", async () => {
    const { id, version } = await send({ scheduledAt: inMinutes(60) });
    const later = inMinutes(120);
    const changed = await update({ id, version, text: "Dobrý deň, č. ".repeat(8), scheduledAt: later });
    expect(changed).toMatchObject({
      version: version + 1,
      status: "SCHEDULED",
      encoding: "UCS2",
      segments: 2,
    });
    expect(new Date(changed.scheduledAt ?? 0).toISOString()).toBe(later);
    expect(await update({ id, version, text: "Too late" })).toMatchObject({
      code: "VERSION_CONFLICT",
      version: version + 1,
    });
  });

  it("what is sent is what was written last, at the time that was said last", async () => {
    const { id, version } = await send({ text: "first", scheduledAt: inMinutes(60) });
    const second = await update({ id, version, text: "second" });
    const third = await update({ id, version: second.version, text: "third", scheduledAt: null });
    expect(third).toMatchObject({ status: "QUEUED", scheduledAt: null });
    await expect.poll(() => statusOf(id)).toBe("DELIVERED");
    expect(textsSent().filter((text) => ["first", "second", "third"].includes(text))).toEqual(["third"]);
    expect(await update({ id, version: 99, text: "fourth" })).toMatchObject({ code: "VERSION_CONFLICT" });
  });

  it("a message that was brought forward is sent once", async () => {
    const sent = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send({ text: `soon ${index}`, scheduledAt: inMinutes(0.02) })),
    );
    const answers = await Promise.all(
      sent.map(({ id, version }, index) => update({ id, version, text: `now ${index}`, scheduledAt: null })),
    );
    for (const { id } of sent) await expect.poll(() => statusOf(id)).toBe("DELIVERED");
    const own = textsSent().filter((text) => /^(?:soon|now) /.test(text));
    const expected = answers.map(({ code }, index) => `${code === undefined ? "now" : "soon"} ${index}`);
    expect(own.toSorted()).toEqual(expected.toSorted());
  });

  it("what was submitted, has another time or belongs to nobody here is not changed", async () => {
    const { id } = await send({});
    await expect.poll(() => statusOf(id)).toBe("DELIVERED");
    const { message } = await app.client.data<{ message: { version: number } }>(
      "query ($id: ID!) { message(id: $id) { version } }",
      { id },
    );
    expect(await update({ id, version: message.version, text: "x" })).toMatchObject({
      code: "NOT_CANCELLABLE",
      message: expect.stringContaining("can be changed; this one is DELIVERED"),
    });
    const waiting = await send({ scheduledAt: inMinutes(60) });
    const wrong = { id: waiting.id, version: waiting.version };
    expect(await update({ ...wrong, text: " " })).toMatchObject({ code: "INVALID_TEXT" });
    expect(await update({ ...wrong, scheduledAt: inMinutes(-1) })).toMatchObject({
      code: "INVALID_SCHEDULE",
    });
    expect(await update({ ...wrong, validityMinutes: 999_999 })).toMatchObject({ code: "INVALID_INPUT" });
  });
});
