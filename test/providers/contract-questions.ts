import { describe, expect, test } from "vitest";
import type { ProviderReply } from "../../src/providers/provider.ts";
import type { HttpLimits } from "../../src/providers/registry.ts";
import {
  allQuestions,
  askable,
  connect,
  open,
  type Question,
  questions,
  type Subject,
} from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import {
  echo,
  expectNoSecret,
  expectNothingForeign,
  foreignBodies,
  sentSecrets,
} from "./contract-secrets.ts";
import { type Seen, serveTcp, unusedOrigin } from "./local-server.ts";
import type { Answer } from "./serve-answers.ts";

const someText = expect.stringMatching(/\w/);
const refused = { ok: false, problem: { kind: "refused", detail: someText } };

/** What every question comes to where the answer is bad, or there is none. */
export function testQuestions(subject: Subject): void {
  const { variant } = subject;
  const possible = askable(subject);
  const impossible = allQuestions.filter((question) => !possible.includes(question));
  describe.each(possible)("%s", (question) => {
    testQuestion(subject, question);
  });

  test.each(impossible)("the client refuses a query for %s without a request", async (question) => {
    const { client, requests } = await connect(subject, () => ({}));
    const reply = await questions[question](client);
    expect(reply ?? refused).toEqual(refused);
    expect(requests).toEqual([]);
  });

  const { lookedUp } = variant;
  test.each(lookedUp ? ["TELEPORTED", "Quite Odd", "constructor"] : [])(
    "a look-up, with the unknown status %j",
    async (word) => {
      const id = "100427";
      const body = lookedUp?.(id, word);
      const { client } = await connect(subject, (seen) => variant.aside?.(seen) ?? { body });
      const { messageId, to } = submission;
      const receipt = {
        providerMessageId: id,
        clientRef: messageId,
        status: "UNKNOWN",
        providerStatus: word,
      };
      const reply = await client.lookUp([{ messageId, to, providerMessageId: id }]);
      expect(reply).toMatchObject({ ok: true, value: [receipt] });
    },
  );
}

function testQuestion(subject: Subject, question: Question): void {
  const headers = { "content-type": subject.variant.mediaType };
  const { errorBody, emptyIsFine = [] } = subject.variant;

  async function askOf(answerTo: (seen: Seen) => Answer, limits: HttpLimits = {}) {
    const { client, requests } = await connect(subject, answerTo, limits);
    const reply = await questions[question](client);
    expect(reply).toBeDefined();
    expect(requests).not.toEqual([]);
    return { reply, requests };
  }

  const html = { "content-type": "text/html" };
  const problems: [string, Answer, string][] = [
    ["401 in the provider's syntax", { status: 401, body: errorBody("No"), headers }, "unauthenticated"],
    ["401 without a word", { status: 401 }, "unauthenticated"],
    ["500 in the provider's syntax", { status: 500, body: errorBody("Fault"), headers }, "unreachable"],
    ["500 in HTML", { status: 500, body: "<html></html>", headers: html }, "unreachable"],
    ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
    ["what is no HTTP", (response) => response.socket?.end("SMTP ready\r\n\r\n"), "unreachable"],
    ["a body longer than the limit", { body: " ".repeat(100_000) }, "unreachable"],
  ];
  test.each(problems)("a query is understood when answered with %s", async (_name, answer, kind) => {
    const { reply } = await askOf(() => answer, { maxBodyBytes: 50_000 });
    expect(reply).toMatchObject({ ok: false, problem: { kind, detail: someText } });
  });

  test("a query that is told to wait says for how long", async () => {
    const { reply } = await askOf(() => ({ status: 429, headers: { "retry-after": "9" } }));
    expect(reply).toMatchObject({ ok: false, problem: { kind: "busy", retryAfterSeconds: 9 } });
  });

  const garbage: [string, { body: string; headers: Record<string, string> }][] = [
    ["HTML", { body: "<html><body>Welcome</body></html>", headers: html }],
    ["a page", { body: "<!DOCTYPE html><html></html>", headers: html }],
    ["plain text", { body: "It works!", headers: { "content-type": "text/plain" } }],
    ["an empty object", { body: "{}", headers }],
    ["half of a body", { body: '{"data":[{"uid":', headers }],
  ];
  test.each(garbage)("a query is a problem when answered with %s", async (_name, answer) => {
    const { reply } = await askOf(() => answer);
    if (question !== "drainReceipts") return expectUnread(question, reply);
    // What can be fetched only once is kept, whatever it is.
    expect(reply).toMatchObject({ ok: true, value: { body: answer.body } });
  });

  test("a query that is answered with nothing at all is a problem", async () => {
    const { reply } = await askOf(() => ({}));
    if (!emptyIsFine.includes(question)) return expectUnread(question, reply);
    expect(reply).toMatchObject({ ok: true });
  });

  test("a query does not follow a redirect", async () => {
    const { reply, requests } = await askOf(() => ({ status: 302, headers: { location: "/elsewhere" } }));
    expect(reply).toMatchObject({ ok: false, problem: { detail: someText } });
    expect(requests.map(({ path }) => path)).not.toContain("/elsewhere");
  });

  test("a query to an address where nobody listens is a problem", async () => {
    const unreachable = { ok: false, problem: { kind: "unreachable", detail: someText } };
    const absent = open(subject, await unusedOrigin()).client;
    expect(await questions[question](absent)).toEqual(unreachable);
    const resetting = open(subject, await serveTcp((socket) => socket.resetAndDestroy())).client;
    expect(await questions[question](resetting)).toEqual(unreachable);
  });

  // A drained body comes back as it is.
  test.each(question === "drainReceipts" ? [] : [200, 400, 401, 403, 404, 422, 429, 500])(
    "a query answered with %i and our own secrets does not repeat them",
    async (status) => {
      for (const secret of sentSecrets(subject)) {
        const body = errorBody(`The credentials ${secret} are wrong`);
        expectNoSecret(subject, (await askOf(() => ({ status, body, headers }))).reply);
      }
      const echoed = await askOf((seen) => ({ status, body: errorBody(echo(seen)), headers }));
      expectNoSecret(subject, echoed.reply);
    },
  );

  test.each(question === "drainReceipts" ? [] : [200, 401, 403, 404, 422, 500])(
    "a query answered with %i by a server of another kind does not repeat its words",
    async (status) => {
      for (const body of foreignBodies)
        expectNothingForeign((await askOf(() => ({ ...body, status }))).reply);
    },
  );
}

/** An answer that nobody understands. A submission that is repeated to ask is then as good as not answered. */
function expectUnread(question: Question, reply: ProviderReply<unknown> | undefined): void {
  const kinds = question === "reconcile" ? /^(unreadable|unreachable)$/ : /^unreadable$/;
  const kind = expect.stringMatching(kinds);
  expect(reply).toMatchObject({ ok: false, problem: { kind, detail: someText } });
}
