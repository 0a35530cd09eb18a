import { describe, expect, test } from "vitest";
import type { ProviderReply } from "../../src/providers/provider.ts";
import { connect, open, type Question, questions, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { echo, expectNoSecret, secretForms } from "./contract-secrets.ts";
import { serveTcp, unusedOrigin } from "./local-server.ts";
import type { Answer } from "./serve-answers.ts";

const someText = expect.stringMatching(/\w/);

/** What every question comes to where the answer is bad, or there is none. */
export function testQuestions(subject: Subject): void {
  describe.each(Object.keys(questions) as Question[])("%s", (question) => testQuestion(subject, question));

  test.skipIf(subject.variant.lookedUp === undefined).each(["TELEPORTED", "Quite Odd", "constructor"])(
    "a look-up with the unknown status %j",
    async (word) => {
      const id = "100427";
      const body = subject.variant.lookedUp?.(id, word);
      const { client } = await connect(subject, (seen) => subject.variant.aside?.(seen) ?? { body });
      const { messageId, to } = submission;
      // A session is asked for first; what answers it also answers the look-up otherwise.
      const reply = await client.lookUp([{ messageId, to, providerMessageId: id }]);
      expect(reply).toMatchObject({
        ok: true,
        value: [{ providerMessageId: id, clientRef: messageId, status: "UNKNOWN", providerStatus: word }],
      });
    },
  );
}

function testQuestion(subject: Subject, question: Question): void {
  const { variant } = subject;
  const { errorBody, mediaType } = variant;
  const headers = { "content-type": mediaType };
  const html = { "content-type": "text/html" };
  const ask = questions[question];

  /** The answer to the question, or undefined where the provider refuses it without asking. */
  async function askOf(answerTo: Parameters<typeof connect>[1], limits = {}) {
    const { client, requests } = await connect(subject, answerTo, limits);
    const reply = await ask(client);
    if (reply === undefined) return undefined;
    if (requests.length > 0) return { reply, requests };
    expect(reply).toEqual({ ok: false, problem: { kind: "refused", detail: someText } });
    return undefined;
  }

  const problems: [string, Answer, string, number?][] = [
    ["401 in the provider's syntax", { status: 401, body: errorBody("No"), headers }, "unauthenticated"],
    ["401 without a word", { status: 401 }, "unauthenticated"],
    ["429", { status: 429, headers: { "retry-after": "9" } }, "busy", 9],
    ["503", { status: 503, headers: { "retry-after": "9" } }, "busy", 9],
    ["500 in the provider's syntax", { status: 500, body: errorBody("Fault"), headers }, "unreachable"],
    ["500 in HTML", { status: 500, body: "<html></html>", headers: html }, "unreachable"],
    ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
    ["what is no HTTP", (response) => response.socket?.end("SMTP ready\r\n\r\n"), "unreachable"],
    ["no answer in time", () => {}, "unreachable"],
    [
      "a body that stops",
      (response) => response.writeHead(200, { "content-length": 99 }).write("{"),
      "unreachable",
    ],
    ["a body longer than the limit", { body: " ".repeat(100_000) }, "unreachable"],
  ];
  const limits = { headersTimeoutMs: 150, bodyTimeoutMs: 150, totalTimeoutMs: 1_000, maxBodyBytes: 50_000 };
  test.each(problems)("answered with %s", async (_name, answer, kind, retryAfterSeconds) => {
    const { reply } = (await askOf(() => answer, limits)) ?? {};
    if (reply === undefined) return;
    // A submission that is repeated to ask is only said not to be answered.
    const isResend = question === "reconcile" && kind === "busy";
    expect(reply).toMatchObject({
      ok: false,
      problem: { kind: isResend ? expect.any(String) : kind, detail: someText },
    });
    if (!isResend && retryAfterSeconds !== undefined)
      expect(reply).toHaveProperty("problem.retryAfterSeconds", retryAfterSeconds);
  });

  const garbage: [string, Answer][] = [
    ["HTML", { body: "<html><body>Welcome</body></html>", headers: html }],
    ["a page", { body: "<!DOCTYPE html><html></html>", headers: html }],
    ["plain text", { body: "It works!", headers: { "content-type": "text/plain" } }],
    ["an empty object", { body: "{}", headers }],
    ["half of a body", { body: '{"data":[{"uid":', headers }],
  ];
  test.each(garbage)("answered with %s", async (_name, answer) => {
    const { reply } = (await askOf(() => answer)) ?? {};
    if (reply) expectUnread(question, reply, answer);
  });

  test("answered with nothing at all", async () => {
    const { reply } = (await askOf(() => ({}))) ?? {};
    if (reply === undefined) return;
    if (variant.emptyIsFine?.includes(question)) expect(reply).toMatchObject({ ok: true });
    else expectUnread(question, reply, {});
  });

  test("redirected, it does not follow", async () => {
    const { reply, requests = [] } =
      (await askOf(() => ({ status: 302, headers: { location: "/elsewhere" } }))) ?? {};
    if (reply) expect(reply).toMatchObject({ ok: false, problem: { detail: someText } });
    expect(requests.map(({ path }) => path)).not.toContain("/elsewhere");
  });

  test("with nobody there", async () => {
    const reply = await ask(open(subject, await unusedOrigin()).client);
    if (reply)
      expect(reply).toMatchObject({
        ok: false,
        problem: { kind: expect.stringMatching(/unreachable|refused/) },
      });
    const resetting = await serveTcp((socket) => socket.resetAndDestroy());
    const reset = await ask(open(subject, resetting).client);
    if (reset)
      expect(reset).toMatchObject({
        ok: false,
        problem: { kind: expect.stringMatching(/unreachable|refused/) },
      });
  });

  test.each([200, 400, 401, 403, 404, 422, 429, 500])(
    "repeats no secret that an answer %i does",
    async (status) => {
      for (const form of secretForms(subject)) {
        const body = errorBody(`The credentials ${form} are wrong`);
        const answered = await askOf(() => ({ status, body, headers }));
        if (question !== "drainReceipts") expectNoSecret(subject, answered?.reply ?? null);
      }
      const echoed = await askOf((seen) => ({ status, body: errorBody(echo(seen)), headers }));
      if (question !== "drainReceipts") expectNoSecret(subject, echoed?.reply ?? null);
    },
  );
}

/** An answer that nobody understands. What can be fetched only once is kept all the same. */
function expectUnread(question: Question, reply: ProviderReply<unknown>, answer: Answer): void {
  if (question === "drainReceipts" && typeof answer === "object") {
    return expect(reply).toMatchObject({ ok: true, value: { body: answer.body } });
  }
  // A submission that is repeated to ask, and not understood, is as good as not answered.
  const kind = question === "reconcile" ? expect.stringMatching(/unreadable|unreachable/) : "unreadable";
  expect(reply).toMatchObject({ ok: false, problem: { kind, detail: someText } });
}
