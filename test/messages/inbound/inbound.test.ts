import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
import { startTelekomSandbox } from "../../../src/sandbox/telekom/index.ts";
import { startTonkraSandbox } from "../../../src/sandbox/tonkra/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { startWebhookReceiver } from "../../support/webhook-receiver.ts";
import { createWebhook } from "../../support/webhooks.ts";

let app: TestApp;
let inboundUrl: string;
let providerId: string;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp();
  const connected = await connectTestSandbox(app);
  ({ providerId } = connected);
  closeSandbox = () => connected.sandbox.close();
  const { provider } = await app.client.data<{ provider: { callbackUrl: string } }>(
    "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
    { id: providerId },
  );
  inboundUrl = `${provider.callbackUrl}/inbound`;
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await closeSandbox();
});

beforeEach(async () => {
  await app.services.database.pool.query("truncate suppressions, opt_out_settings");
});

interface Inbound {
  id: string;
  from: string;
  to: string;
  text: string;
  status: string;
  direction: string;
  answers: { id: string; campaign: { id: string } | null } | null;
}

const fields = "id from to text status direction answers { id campaign { id } }";

async function readInbound(filter: object = {}): Promise<Inbound[]> {
  const { inboundMessages } = await app.client.data<{ inboundMessages: { edges: { node: Inbound }[] } }>(
    `query ($filter: InboundMessageFilter) { inboundMessages(filter: $filter) { edges { node { ${fields} } } } }`,
    { filter },
  );
  return inboundMessages.edges.map(({ node }) => node);
}

const post = (body: unknown, type = "application/json"): Promise<Response> =>
  fetch(inboundUrl, {
    method: "POST",
    headers: { "content-type": type },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

interface Sent {
  id: string;
  code?: string;
}

async function send(to: string, more: object = {}): Promise<Sent> {
  const { sendMessage } = await app.client.data<{ sendMessage: Sent }>(
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { code } } }",
    { input: { to, text: "Will you come?", ...more } },
  );
  return sendMessage;
}

const statusOf = async (id: string): Promise<string> =>
  (
    await app.client.data<{ message: { status: string } }>(
      "query ($id: ID!) { message(id: $id) { status } }",
      { id },
    )
  ).message.status;

/** Sends a message, and waits until it has left our hands. */
async function sendAndWait(to: string, more: object = {}): Promise<string> {
  const { id } = await send(to, more);
  await expect.poll(() => statusOf(id)).toMatch(/SUBMITTED|SENT|DELIVERED/);
  return id;
}

describe("messages from people", () => {
  it("a posted message is stored with the newest message that it answers, and listed apart from the others", async () => {
    await sendAndWait("+421906000001");
    const newest = await sendAndWait("+421906000001");
    expect((await post({ id: "in-1", from: "00421906000001", to: "smsgraph", text: "Yes!" })).status).toBe(
      200,
    );
    expect(await readInbound({ from: "+421 906 000 001" })).toEqual([
      {
        id: expect.any(String) as string,
        from: "+421906000001",
        to: "smsgraph",
        text: "Yes!",
        status: "RECEIVED",
        direction: "INBOUND",
        answers: { id: newest, campaign: null },
      },
    ]);
    const { messages } = await app.client.data<{ messages: { edges: { node: { status: string } }[] } }>(
      "{ messages { edges { node { status } } } }",
    );
    expect(messages.edges.map(({ node }) => node.status)).not.toContain("RECEIVED");
  });

  it("a message that is posted twice with an id is stored once, one without an id twice", async () => {
    const body = { id: "in-2", from: "+421906000002", text: "Hello" };
    await Promise.all([post(body), post(body), post([body, body])]);
    expect(await readInbound({ from: body.from })).toHaveLength(1);
    await post({ from: "+421906000003", text: "Again" });
    await post("from=%2B421906000003&text=Again", "application/x-www-form-urlencoded");
    expect(await readInbound({ from: "+421906000003" })).toHaveLength(2);
  });

  it("an answer to a message of a campaign leads to the campaign", async () => {
    const { id } = await createCampaign(app, { recipients: [{ to: "+421906000004" }] });
    await expect
      .poll(
        async () =>
          (
            await app.client.data<{ campaign: { status: string } }>(
              "query ($id: ID!) { campaign(id: $id) { status } }",
              { id },
            )
          ).campaign.status,
      )
      .toBe("COMPLETED");
    await post({ id: "in-3", from: "+421906000004", text: "No" });
    const [answer] = await readInbound({ campaignId: id });
    expect(answer).toMatchObject({ text: "No", answers: { campaign: { id } } });
  });

  it("what is no message is refused and kept in quarantine, and a wrong secret gets nowhere", async () => {
    for (const body of ["nothing", { from: "+421906000005" }, [], { from: "x".repeat(51), text: "" }]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("cannot be read");
    }
    const { rows } = await app.services.database.pool.query(
      "select count(*)::int from callbacks where state = 'QUARANTINED'",
    );
    expect(rows).toEqual([{ count: 4 }]);
    const wrong = inboundUrl.replace(/[^/]+\/inbound$/, "wrong/inbound");
    expect((await fetch(wrong, { method: "POST", body: "{}" })).status).toBe(404);
  });

  it("messages from people that answer what is not there are none", async () => {
    const unknown = randomUUIDv7();
    for (const filter of [
      { campaignId: encodeId("Campaign", unknown) },
      { messageId: encodeId("Message", unknown) },
      { providerId: encodeId("Provider", unknown) },
    ]) {
      const { inboundMessages } = await app.client.data<{ inboundMessages: { edges: unknown[] } }>(
        "query ($filter: InboundMessageFilter) { inboundMessages(filter: $filter) { edges { node { id } } } }",
        { filter },
      );
      expect(inboundMessages.edges).toEqual([]);
    }
  });

  it("messageReceived shows each message from a person once and in order, also those of before it was opened", async () => {
    const sent = await app.client.data<{ sendMessage: { cursor: string } }>(
      `mutation { sendMessage(input: { to: "+421906000006", text: "Hi" }) { ... on Message { cursor } } }`,
    );
    const texts = Array.from({ length: 20 }, (_, index) => `answer ${index}`);
    for (const text of texts.slice(0, 10)) await post({ from: "+421906000006", text });
    const stream = app.client.subscribe<{
      messageReceived: { events?: { status: string; message: { text: string; direction: string } }[] };
    }>(
      `subscription ($after: Cursor) {
        messageReceived(after: $after) { ... on MessageEventBatch { events { status message { text direction } } } }
      }`,
      { after: sent.sendMessage.cursor },
    );
    const seen: string[] = [];
    const posting = (async () => {
      for (const text of texts.slice(10)) await post({ from: "+421906000006", text });
    })();
    for await (const { data } of stream) {
      for (const { status, message } of data?.messageReceived.events ?? []) {
        expect([status, message.direction]).toEqual(["RECEIVED", "INBOUND"]);
        // The cursor may lie before what was received earlier.
        if (message.text.startsWith("answer")) seen.push(message.text);
      }
      if (seen.length >= texts.length) break;
    }
    await posting;
    expect(seen).toEqual(texts);
  });

  it("a webhook gets messages from people when it asks for RECEIVED", async () => {
    const endpoint = await startWebhookReceiver();
    await createWebhook(app.client, { url: endpoint.url, filter: { status: ["RECEIVED"] } });
    await sendAndWait("+421906000007");
    await post({ from: "+421906000007", to: "smsgraph", text: "To the hook" });
    await expect.poll(() => endpoint.requests.length).toBeGreaterThan(0);
    expect(endpoint.requests[0]?.body).toMatchObject({
      type: "message.received",
      data: { status: "RECEIVED", message: { from: "+421906000007", text: "To the hook" } },
    });
    await endpoint.close();
  });
});

const setOptOut = (input: object) =>
  app.client.data<{ setOptOut: { code?: string } }>(
    "mutation ($input: SetOptOutInput!) { setOptOut(input: $input) { ... on OptOutSettings { scope } ... on Error { code message } } }",
    { input },
  );

const outbound = async (
  to: string,
): Promise<{ text: string; answers: { text: string } | null; status: string }[]> =>
  (
    await app.client.data<{
      messages: { edges: { node: { text: string; answers: { text: string } | null; status: string } }[] };
    }>(
      "query ($to: String) { messages(filter: { to: $to }) { edges { node { text status answers { text } } } } }",
      { to },
    )
  ).messages.edges.map(({ node }) => node);

describe("people who write STOP", () => {
  it("STOP puts a number on the list without any settings, and nothing is answered", async () => {
    await sendAndWait("+421907000001");
    await post({ from: "+421907000001", text: " »Stop!« " });
    expect(await send("+421907000001")).toMatchObject({ code: "RECIPIENT_SUPPRESSED" });
    expect(await outbound("+421907000001")).toHaveLength(1);
  });

  it("a word of the account's languages is answered once, although the number is on the list by then", async () => {
    await setOptOut({
      languages: [
        { language: "en", words: ["STOP"], answer: "You get no more messages." },
        { language: "sk", words: ["Zrušiť", "koniec odberu"], answer: "Uz nedostanete ziadne spravy." },
      ],
    });
    await sendAndWait("+421907000102");
    for (const text of ["ZRUSIT", "zrušiť.", "Stop", "Koniec  odberu"])
      await post({ from: "+421907000102", to: "smsgraph", text });
    await expect
      .poll(async () => (await outbound("+421907000102"))[0])
      .toMatchObject({
        text: "Uz nedostanete ziadne spravy.",
        status: expect.stringMatching(/SUBMITTED|SENT|DELIVERED/) as string,
        answers: { text: "ZRUSIT" },
      });
    expect(await outbound("+421907000102")).toHaveLength(2);
    expect(await send("+421907000102")).toMatchObject({ code: "RECIPIENT_SUPPRESSED" });
  });

  it("a word to opt out is answered whatever idempotency keys the account's clients give", async () => {
    await setOptOut({ languages: [{ language: "en", words: ["STOP"], answer: "Bye." }] });
    await sendAndWait("+421907000304", { idempotencyKey: "opt-out +421907000304" });
    await post({ from: "+421907000304", to: "smsgraph", text: "STOP" });
    await expect.poll(async () => (await outbound("+421907000304"))[0]?.text).toBe("Bye.");
  });

  it("two machines that answer each other end after one answer, even when the number is taken off the list", async () => {
    await setOptOut({ languages: [{ language: "en", words: ["STOP"], answer: "Bye." }] });
    await sendAndWait("+421907000203");
    for (let round = 0; round < 3; round++) {
      await post({ from: "+421907000203", to: "smsgraph", text: "STOP" });
      await expect.poll(() => send("+421907000203")).toMatchObject({ code: "RECIPIENT_SUPPRESSED" });
      await expect
        .poll(
          async () =>
            (
              await app.services.database.pool.query(
                "select 1 from graphile_worker.jobs where task_identifier = 'confirm-opt-out'",
              )
            ).rows,
        )
        .toEqual([]);
      await app.client.data(`mutation { unsuppressNumber(number: "+421907000203") { __typename } }`);
    }
    expect(await outbound("+421907000203")).toHaveLength(2);
  });

  it("who writes STOP without having been texted is put on the list, but not answered, and nobody chooses the sender", async () => {
    await setOptOut({ languages: [{ language: "en", words: ["STOP"], answer: "Bye." }] });
    await sendAndWait("+421907000106", { from: "Shop" });
    const forged = Array.from({ length: 200 }, (_, index) => ({
      from: `+4219071${String(index).padStart(5, "0")}`,
      to: "Some Bank",
      text: "STOP",
    }));
    expect((await post([...forged, { from: "+421907000106", to: "Some Bank", text: "STOP" }])).status).toBe(
      200,
    );
    await expect.poll(async () => (await outbound("+421907000106")).length).toBe(2);
    const { rows } = await app.services.database.pool.query(
      "select distinct sender from messages where text = 'Bye.' and recipient = '+421907000106'",
    );
    expect(rows).toEqual([{ sender: "Shop" }]);
    const { rows: listed } = await app.services.database.pool.query(
      "select count(*)::int from suppressions where recipient like '+4219071%'",
    );
    expect(listed).toEqual([{ count: 200 }]);
    expect(await outbound("+421907100007")).toEqual([]);
  });

  it("with the scope SENDER only the answered sender is not to text the person any more", async () => {
    await setOptOut({ scope: "SENDER", languages: [] });
    await post({ from: "+421907000004", to: "Shop", text: "stop" });
    expect(await send("+421907000004", { from: "SHOP" })).toMatchObject({ code: "RECIPIENT_SUPPRESSED" });
    expect(await send("+421907000004", { from: "Bank" })).not.toHaveProperty("code");
  });

  it("a text that only begins with such a word is no opt-out, and settings without sense are refused", async () => {
    await post({ from: "+421907000005", text: "Stop by my house?" });
    expect(await send("+421907000005")).not.toHaveProperty("code");
    const one = { language: "en", words: ["X"] };
    for (const languages of [
      [{ ...one, words: ["!"] }],
      [{ ...one, language: "English" }],
      [one, { ...one, language: "sk" }],
      [{ ...one, answer: "a".repeat(1000) }],
    ])
      expect((await setOptOut({ languages })).setOptOut.code).toMatch(/INVALID_(INPUT|TEXT)/);
  });
});

describe("the people of the sandboxes", () => {
  it("Telekom's postbacks and the incoming messages of Tonkra's list arrive, each once, with what they answer", async () => {
    const telekom = await startTelekomSandbox({ delays: { sentMs: 0, finalMs: 0 } });
    const tonkra = await startTonkraSandbox({ reportMs: 0 });
    const connect = async (input: object): Promise<string> =>
      (
        await app.client.data<{ connectProvider: { id: string } }>(
          "mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } ... on Error { message } } }",
          { input },
        )
      ).connectProvider.id;
    const common = { defaultSender: "smsgraph" };
    const viaTelekom = await connect({
      telekom: { name: "Telekom", token: telekom.token, baseUrl: telekom.url, ...common },
    });
    const viaTonkra = await connect({
      tonkra: { name: "Tonkra", apiToken: tonkra.token, baseUrl: tonkra.url, ...common },
    });
    const { provider } = await app.client.data<{ provider: { callbackUrl: string } }>(
      "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
      { id: viaTelekom },
    );
    telekom.setCallbackUrl(provider.callbackUrl);
    const asked = await sendAndWait("+421908000037", { providerId: viaTelekom });
    const alsoAsked = await sendAndWait("+421908000044", { providerId: viaTonkra });
    await sendAndWait("+421908000045", { providerId: viaTonkra });
    await expect
      .poll(() => readInbound({ providerId: viaTelekom }))
      .toMatchObject([{ from: "+421908000037", text: "Áno, prídem.", answers: { id: asked } }]);
    await app.services.database.pool.query("update providers set next_inbound_at = now()");
    await expect.poll(() => readInbound({ providerId: viaTonkra })).toHaveLength(2);
    await expect
      .poll(() => app.services.database.prisma.provider.count({ where: { inboundReadAt: { not: null } } }))
      .toBe(1);
    expect(await readInbound({ from: "+421908000044" })).toMatchObject([
      { text: "Yes, I will come.", answers: { id: alsoAsked } },
    ]);
    expect(await send("+421908000045")).toMatchObject({ code: "RECIPIENT_SUPPRESSED" });

    // An answer may come before the answer to the submission is stored: it names a message that is not known yet.
    const { providerMessageId } = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", asked) },
    });
    const next = Number(providerMessageId) + 1;
    const timestamp = "2026-11-30T10:00:00.000Z";
    const early = { messageId: next, postback: { text: "Already here" }, type: "postback", timestamp };
    const posted = await fetch(provider.callbackUrl, {
      method: "POST",
      body: JSON.stringify([early, early]),
    });
    expect(posted.status).toBe(200);
    expect(await readInbound({ from: "+421908000001" })).toEqual([]);
    const id = await sendAndWait("+421908000001", { providerId: viaTelekom });
    await expect
      .poll(() => readInbound({ from: "+421908000001" }))
      .toMatchObject([{ text: "Already here", answers: { id } }]);
    expect(await app.services.database.prisma.parkedInbound.count()).toBe(0);
    await telekom.close();
    await tonkra.close();
  });
});
