import { array, assert, asyncProperty, shuffledSubarray, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import type { ProviderClient, Submission, SubmitOutcome } from "../../src/providers/provider.ts";
import type { HttpLimits } from "../../src/providers/registry.ts";
import { digitsOf } from "../../src/providers/wire/text.ts";
import { connectToSubmit, open, serveResets, type Subject } from "./contract-client.ts";
import { type BulkDescription, submission, type Told, type WrittenMessage } from "./contract-description.ts";
import { mutate, mutation } from "./contract-mutations.ts";
import { openEndings } from "./contract-open-endings.ts";
import { echo, expectNoSecret, sentSecrets } from "./contract-secrets.ts";
import { type Seen, serveTcp, unusedOrigin } from "./local-server.ts";
import { type Answer, checked, serveAnswers } from "./serve-answers.ts";
import { runs } from "../support/runs.ts";

const someText = expect.stringMatching(/\w/);
const accepted = expect.objectContaining({ kind: "accepted" });
const ambiguous = { kind: "ambiguous", reason: someText };
const retryable = { kind: "retryable", reason: someText };
const rejected = {
  kind: "rejected",
  status: expect.stringMatching(/^(REJECTED|FAILED)$/),
  failure: {
    code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/),
    text: someText,
    permanent: expect.any(Boolean),
  },
};

/** Messages of one text to numbers of their own. */
export const messagesTo = (count: number, own: Partial<Submission> = {}): Submission[] =>
  Array.from({ length: count }, (_, index) => ({
    ...submission,
    messageId: `0198a1b2-0000-7000-8000-${String(index).padStart(12, "0")}`,
    to: checked(`+4219012${String(index).padStart(5, "0")}`),
    ...own,
  }));

export const each = (messages: readonly Submission[], outcome: unknown) => messages.map(() => outcome);

export const taken = (messages: readonly Submission[]): Told[] =>
  messages.map((message) => [message, "accepted"] as const);

export function submitMany(
  client: ProviderClient,
  messages: readonly Submission[],
): Promise<SubmitOutcome[]> {
  if (!client.submitMany) throw new Error("The client takes no more than one message at a time.");
  return client.submitMany(messages);
}

/** That each of many messages gets the truth about itself, whatever happens to the request they share. */
export function testBulk(subject: Subject): void {
  const { bulk } = subject.variant;
  test("a bulk submission is cut into requests where the adapter says so", () =>
    expect(subject.provider.capabilities.bulkSize > 1).toBe(bulk !== undefined));
  if (!bulk) return;
  describe("the requests", () => {
    testRequests(subject, bulk);
  });
  describe("the verdicts", () => {
    testVerdicts(subject, bulk);
  });
  describe("a request that is refused as a whole", () => {
    testRefusals(subject, bulk);
  });
  describe("a request that is not answered, or not understandably", () => {
    testOpenEndings(subject, bulk);
  });
  describe("whatever comes back,", () => {
    testAnything(subject, bulk);
  });
}

/** Answers whatever is sent as good times do, one message or many. */
function acceptAll({ variant }: Subject, bulk: BulkDescription) {
  return ({ path, body }: Seen): Answer => {
    const written = bulk.read(body);
    const isAlone = path !== bulk.path || (written.length === 1 && bulk.path === variant.request.path);
    const headers = { "content-type": variant.mediaType };
    const told = written.map(({ to, messageId = "" }): Told => [
      { ...submission, to: checked(`+${to}`), messageId },
      "accepted",
    ]);
    if (!isAlone) return { body: bulk.answer(told), headers };
    const own = variant.accepted.replaceAll(submission.messageId, written[0]?.messageId ?? "");
    return { body: own.replaceAll(digitsOf(submission.to), written[0]?.to ?? ""), headers };
  };
}

function testRequests(subject: Subject, bulk: BulkDescription): void {
  const { capabilities } = subject.provider;
  const submit = async (messages: readonly Submission[]) => {
    const { client, submissions } = await connectToSubmit(subject, acceptAll(subject, bulk));
    const outcomes = await submitMany(client, messages);
    const written = submissions().map(({ body }) => bulk.read(body));
    return { outcomes, written, requests: submissions() };
  };

  test("a request carries as many messages as are said to fit", async () => {
    const messages = messagesTo(capabilities.bulkSize);
    const { outcomes, written, requests } = await submit(messages);
    expect(outcomes).toEqual(each(messages, accepted));
    expect(requests).toMatchObject([{ method: "POST", path: bulk.path }]);
    const numbers = messages.map(({ to }) => ({ to: digitsOf(to), text: submission.text }));
    expect(written).toMatchObject([numbers]);
  });

  test("a single message in a bulk submission is submitted as if alone", async () => {
    const [first = submission] = messagesTo(1);
    const together = await submit([first]);
    const { client, submissions } = await connectToSubmit(subject, acceptAll(subject, bulk));
    expect(together.outcomes).toEqual([await client.submit(first)]);
    expect(together.requests[0]?.body).toBe(submissions()[0]?.body);
  });

  test("a bulk submission of no message sends no request", async () => {
    expect(await submit([])).toMatchObject({ outcomes: [], requests: [] });
  });

  test("each message keeps what is its own", async () => {
    const longest = capabilities.longestValidityMinutes;
    const messages = messagesTo(12).map((message, index) => ({
      ...message,
      text: index % 3 === 0 ? submission.text : `Text ${index % 5}`,
      from: index % 2 === 0 ? "MyBrand" : "Other",
      flash: capabilities.flash && index % 4 === 0,
      ...(longest !== null && index % 5 === 0 && { validityMinutes: 60 + index }),
    }));
    const { outcomes, written } = await submit(messages);
    expect(outcomes).toEqual(each(messages, accepted));
    const byNumber = new Map(written.flat().map((one) => [one.to, one]));
    expect(written.flat()).toHaveLength(messages.length);
    for (const { to, from, text, flash, validityMinutes, messageId } of messages) {
      const { messageId: ownId = messageId, ...found }: Partial<WrittenMessage> =
        byNumber.get(digitsOf(to)) ?? {};
      expect({ ...found, ownId }).toEqual({
        to: digitsOf(to),
        from,
        text,
        ownId,
        ...("flash" in found && { flash: flash || undefined, validityMinutes }),
      });
      expect(ownId).toBe(messageId);
    }
  });

  test("messages to one number stay messages of their own", async () => {
    const to = checked("+421901234567");
    const messages = messagesTo(3, { to });
    const { outcomes, written } = await submit(messages);
    expect(outcomes).toEqual(each(messages, accepted));
    expect(written.flat().map((one) => one.to)).toEqual(each(messages, digitsOf(to)));
  });
}

function testVerdicts(subject: Subject, bulk: BulkDescription): void {
  const messages = messagesTo(4);
  const headers = { "content-type": subject.variant.mediaType };
  const submit = async (told: readonly Told[]) => {
    const { client, submissions } = await connectToSubmit(subject, () => ({
      body: bulk.answer(told),
      headers,
    }));
    const outcomes = await submitMany(client, messages);
    expect(submissions()).toHaveLength(1);
    return outcomes;
  };

  test("a bulk request is accepted, and each message gets an id of its own or that of the batch", async () => {
    const outcomes = await submit(taken(messages));
    expect(outcomes).toEqual(each(messages, accepted));
    const ids = outcomes.map((outcome) => outcome.kind === "accepted" && outcome.providerMessageId);
    const batches = outcomes.map((outcome) => outcome.kind === "accepted" && outcome.providerBatchId);
    // Without an id of its own it must be found by its batch, and never by that of another.
    const told = bulk.tellsOfEach ? ids : batches;
    expect(told).toEqual(each(messages, expect.any(String)));
    expect(new Set(ids)).toEqual(new Set(bulk.tellsOfEach ? told : [undefined]));
    expect(new Set(ids).size).toBe(bulk.tellsOfEach ? messages.length : 1);
  });

  if (!bulk.tellsOfEach) return;

  test("a bulk request may have some messages accepted and some refused", async () => {
    const told = messages.map((message, index): Told => [message, index % 2 === 0 ? "accepted" : "rejected"]);
    expect(await submit(told)).toEqual([accepted, rejected, accepted, rejected]);
  });

  test("a bulk request may have all messages refused", async () => {
    const told = messages.map((message): Told => [message, "rejected"]);
    expect(await submit(told)).toEqual(each(messages, rejected));
  });

  test("the verdicts of a bulk answer may come in any order", async () => {
    const inOrder = await submit(taken(messages));
    await assert(
      asyncProperty(shuffledSubarray(messages, { minLength: messages.length }), async (shuffled) => {
        expect(await submit(taken(shuffled))).toEqual(inOrder);
      }),
      { numRuns: 5 },
    );
  });

  test("a message that is missing may have been taken", async () => {
    const told = taken(messages).filter((_, index) => index !== 1);
    expect(await submit(told)).toEqual([accepted, ambiguous, accepted, accepted]);
  });

  test("a row that comes twice says no more", async () => {
    const [first] = taken(messages);
    const told = first ? [...taken(messages), first] : [];
    expect(await submit(told)).toEqual(each(messages, accepted));
  });

  test("the rows of other messages say nothing of ours", async () => {
    const others = messagesTo(9).slice(5);
    expect(await submit(taken(others))).toEqual(each(messages, ambiguous));
  });
}

function testRefusals(subject: Subject, bulk: BulkDescription): void {
  const { variant } = subject;
  const messages = messagesTo(8);
  const odd = messages[5];

  test("the messages of a bulk request that is told to wait all wait, and nothing more is written", async () => {
    const texts = messages.map((message, index) => ({ ...message, text: `Text ${index % 2}` }));
    const { client, submissions } = await connectToSubmit(subject, () => ({
      status: 429,
      body: variant.errorBody("Slow down"),
      headers: { "retry-after": "7" },
    }));
    expect(await submitMany(client, texts)).toEqual(each(texts, { ...retryable, retryAfterSeconds: 7 }));
    expect(submissions().length).toBeLessThanOrEqual(2);
  });

  test("the messages of a bulk request that is refused for its credentials fail alike", async () => {
    const { client } = await connectToSubmit(subject, () => ({
      status: 401,
      body: variant.errorBody("Who are you?"),
      headers: { "content-type": variant.mediaType },
    }));
    const failure = expect.objectContaining({ code: "provider_unauthenticated" });
    const outcomes = await submitMany(client, messages);
    expect(outcomes).toEqual(each(messages, { kind: "rejected", status: "FAILED", failure }));
  });

  const { refusing } = bulk;
  if (!refusing || !odd) return;

  test("a bulk request refused for one message refuses only that one, and writes no other twice where it was taken", async () => {
    const good = acceptAll(subject, bulk);
    const number = digitsOf(odd.to);
    const written: string[] = [];
    const { client } = await connectToSubmit(subject, (seen) => {
      const numbers = bulk.read(seen.body).map(({ to }) => to);
      if (numbers.includes(number)) return refusing(number);
      written.push(...numbers);
      return good(seen);
    });
    const outcomes = await submitMany(client, messages);
    expect(outcomes).toEqual(messages.map((message) => (message === odd ? rejected : accepted)));
    const others = messages.filter((message) => message !== odd);
    expect(written.toSorted()).toEqual(others.map(({ to }) => digitsOf(to)));
  });

  test("a bulk submission in which every message is refused spends few requests on finding that out", async () => {
    const many = messagesTo(200);
    const { client, submissions } = await connectToSubmit(subject, () => refusing(digitsOf(odd.to)));
    const outcomes = await submitMany(client, many);
    // None was taken, so that any may be submitted again.
    expect(new Set(outcomes.map(({ kind }) => kind))).not.toContain("ambiguous");
    expect(new Set(outcomes.map(({ kind }) => kind))).not.toContain("accepted");
    expect(submissions().length).toBeLessThan(60);
  });
}

function testOpenEndings(subject: Subject, bulk: BulkDescription): void {
  const messages = messagesTo(5);
  const body = bulk.answer(taken(messages));
  const submit = async (answer: Answer, limits: HttpLimits) => {
    const { client, submissions } = await connectToSubmit(subject, () => answer, limits);
    const outcomes = await submitMany(client, messages);
    expect(submissions()).toHaveLength(1);
    return outcomes;
  };

  test.each(openEndings(subject, body))(
    "a bulk request leaves the outcome open: %s",
    async (_name, answer) => {
      expect(await submit(answer, { maxBodyBytes: 50_000 })).toEqual(each(messages, ambiguous));
    },
  );

  test("a bulk request that is reset while it is still being written leaves the outcome open", async () => {
    const { client } = open(subject, await serveResets(subject));
    const long = messagesTo(3, { text: "x".repeat(10_000_000) });
    // Written together, or one after the other, of which the later ones are not written any more.
    const kinds = (await submitMany(client, long)).map(({ kind }) => kind);
    expect(kinds).toContain("ambiguous");
    expect(["ambiguous", "retryable"]).toEqual(expect.arrayContaining(kinds));
  });

  test("messages that have not been written yet can be submitted later", async () => {
    const texts = messagesTo(60).map((message, index) => ({ ...message, text: `Text ${index % 30}` }));
    const { client, submissions } = await connectToSubmit(subject, () => ({ status: 502 }));
    const outcomes = await submitMany(client, texts);
    const written = new Set(submissions().flatMap((seen) => bulk.read(seen.body).map(({ to }) => to)));
    expect(outcomes).toEqual(texts.map(({ to }) => (written.has(digitsOf(to)) ? ambiguous : retryable)));
  });

  test("a bulk request to an address where nobody listens was not sent", async () => {
    const { client } = open(subject, await unusedOrigin());
    expect(await submitMany(client, messages)).toEqual(each(messages, retryable));
  });

  test("a bulk request to a server that speaks no TLS was not sent", async () => {
    const { origin } = await serveAnswers(() => ({}));
    const { client } = open(subject, origin.replace("http:", "https:"));
    expect(await submitMany(client, messages)).toEqual(each(messages, retryable));
  });

  test("a bulk request that is reset as soon as the connection stands is not accepted", async () => {
    const origin = await serveTcp((socket) => socket.resetAndDestroy());
    const outcomes = await submitMany(open(subject, origin).client, messages);
    for (const { kind } of outcomes) expect(["retryable", "ambiguous"]).toContain(kind);
  });
}

function testAnything(subject: Subject, bulk: BulkDescription): void {
  const messages = messagesTo(4);
  const good = bulk.answer(
    messages.map((message, index): Told => [message, index === 2 ? "rejected" : "accepted"]),
  );
  const headers = { "content-type": subject.variant.mediaType };
  const kinds = ["accepted", "rejected", "retryable", "ambiguous"];
  const expectOneEach = (outcomes: readonly SubmitOutcome[]): void => {
    expect(outcomes).toHaveLength(messages.length);
    for (const { kind } of outcomes) expect(kinds).toContain(kind);
  };

  test("each message has one outcome: an answer deformed on its way", async () => {
    let body = good;
    const { client } = await connectToSubmit(subject, () => ({ body, headers }));
    await assert(
      asyncProperty(array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        body = mutations.reduce(mutate, good);
        const outcomes = await submitMany(client, messages);
        expectOneEach(outcomes);
        expect(outcomes.map(({ kind }) => kind)).not.toContain("retryable");
      }),
      runs(80),
    );
  });

  test("each message has one outcome: any bytes", async () => {
    let body = "";
    const { client } = await connectToSubmit(subject, () => ({ body, headers }));
    await assert(
      asyncProperty(uint8Array({ maxLength: 200 }), async (bytes) => {
        body = Buffer.from(bytes).toString("latin1");
        expect(await submitMany(client, messages)).toEqual(each(messages, ambiguous));
      }),
      runs(80),
    );
  });

  test.each([200, 400, 401, 403, 422, 429, 500])(
    "the answer %i to a bulk request does not give our secrets away",
    async (status) => {
      for (const secret of sentSecrets(subject)) {
        const body = subject.variant.errorBody(`The credentials ${secret} are wrong`);
        const { client } = await connectToSubmit(subject, () => ({ status, body, headers }));
        expectNoSecret(subject, await submitMany(client, messages));
      }
      const { client } = await connectToSubmit(subject, (seen) => ({
        status,
        body: subject.variant.errorBody(echo(seen)),
        headers,
      }));
      expectNoSecret(subject, await submitMany(client, messages));
    },
  );
}
