import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { readXml } from "../../src/providers/wire/xml.ts";
import { connectToSubmit, open, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { testOpen } from "./contract-open-endings.ts";
import {
  echo,
  expectNoSecret,
  expectNothingForeign,
  foreignBodies,
  sentSecrets,
} from "./contract-secrets.ts";
import { serveTcp, unusedOrigin } from "./local-server.ts";
import { type Answer, serveAnswers } from "./serve-answers.ts";

const someText = expect.stringMatching(/\w/);

/** What an attempt to submit comes to, whatever happens to it. */
export function testSubmit(subject: Subject): void {
  describe("the request", () => {
    testRequest(subject);
  });
  describe("a verdict", () => {
    testVerdicts(subject);
  });
  describe("proof that nothing was sent", () => {
    testNotSent(subject);
  });
  describe("an answer that leaves it open", () => {
    testOpen(subject);
  });
  describe("secrets", () => {
    testSecrets(subject);
  });
}

function testRequest(subject: Subject): void {
  const { variant } = subject;
  const { request, accepted, mediaType } = variant;
  const answer = { body: accepted, headers: { "content-type": mediaType } };

  test("a submission says once what is asked for, as the provider wants it", async () => {
    const { client, requests, submissions } = await connectToSubmit(subject, () => answer);
    await client.submit(submission);
    expect(submissions()).toHaveLength(1);
    // Only a session is asked for before.
    expect(requests).toHaveLength(variant.settings["useSession"] === true ? 2 : 1);
    const [seen] = submissions();
    expect(seen).toMatchObject({ method: "POST", path: request.path, query: {}, headers: request.headers });
    expect(readBody(mediaType, seen?.body ?? "")).toEqual(request.content);
  });

  test("a submission keeps every character of the text", async () => {
    const text = 'Ž "quoted" \\ <b>&amp;</b> ]]> ї 🙂\nline';
    const { client, submissions } = await connectToSubmit(subject, () => answer);
    await client.submit({ ...submission, text, encoding: "UCS2" });
    const content = readBody(mediaType, submissions()[0]?.body ?? "");
    expect(JSON.stringify(content)).toContain(JSON.stringify(text));
  });

  test("a submission is never written twice by itself, however many there are", async () => {
    const { client, submissions } = await connectToSubmit(subject, () => answer, { maxConcurrent: 3 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => client.submit(submission)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["accepted"]));
    expect(submissions()).toHaveLength(20);
  });
}

function readBody(mediaType: string, body: string): unknown {
  return mediaType === "application/xml" ? readXml(body)?.content : JSON.parse(body);
}

function writeInPieces(response: ServerResponse, body: string): void {
  for (const piece of body.match(/[^]{1,7}/g) ?? []) response.write(piece);
  response.end();
}

function testVerdicts(subject: Subject): void {
  const { variant } = subject;
  const { accepted, acceptedIds, mediaType, rejected, errorBody } = variant;
  const submit = async (answer: Answer) => {
    const { client, submissions } = await connectToSubmit(subject, () => answer);
    const outcome = await client.submit(submission);
    expect(submissions()).toHaveLength(1);
    return outcome;
  };

  // What the body is shows in itself.
  test.each([
    mediaType,
    `${mediaType}; charset=utf-8`,
    "text/html",
    "text/plain",
    "application/octet-stream",
    "",
  ])("a submission is accepted under the content type %j", async (type) => {
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    expect(await submit({ body: accepted, headers })).toEqual({ kind: "accepted", ...acceptedIds });
    expect(await submit({ body: `\uFEFF${accepted}`, headers })).toMatchObject({ kind: "accepted" });
  });

  test("a submission is accepted by an answer in many pieces", async () => {
    expect(await submit((response) => writeInPieces(response, accepted))).toEqual({
      kind: "accepted",
      ...acceptedIds,
    });
  });

  test("a submission is rejected with a reason for programs and one for people", async () => {
    const { answer, status, code } = rejected;
    const failure = { code, text: someText, permanent: expect.any(Boolean) };
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(await submit(answer)).toEqual({ kind: "rejected", status, failure });
  });

  test.each([...(variant.partial ?? [])])(
    "a submission is answered in part: %s",
    async (_name, answer, outcome) => {
      expect(await submit(answer)).toMatchObject(outcome);
    },
  );

  const throttled: [string, object][] = [
    ["in the provider's syntax", { body: errorBody("Slow down") }],
    ["in plain text", { body: "Too Many Requests", headers: { "content-type": "text/plain" } }],
    ["in HTML", { body: "<html><body>Too Many Requests</body></html>" }],
    ["without a word", {}],
  ];
  test.each(throttled)("a submission is told to wait, %s", async (_name, answer) => {
    const headers = { "retry-after": "7" };
    const retryable = { kind: "retryable", reason: someText, retryAfterSeconds: 7 };
    expect(await submit({ ...answer, status: 429, headers })).toEqual(retryable);
    const unsaid = await submit({ ...answer, status: 429, headers: {} });
    expect(unsaid).toMatchObject({ kind: "retryable" });
    expect(unsaid).not.toHaveProperty("retryAfterSeconds", expect.anything());
  });
}

function testNotSent(subject: Subject): void {
  const retryable = { kind: "retryable", reason: someText };

  test("a submission was not sent when the connection is refused", async () => {
    const { client } = open(subject, await unusedOrigin());
    expect(await client.submit(submission)).toEqual({
      ...retryable,
      reason: expect.stringContaining("refused"),
    });
  });

  test("a submission was not sent when the host name leads nowhere", async () => {
    const { client } = open(subject, "http://smsgraph.invalid");
    expect(await client.submit(submission)).toEqual({
      ...retryable,
      reason: expect.stringContaining("host name"),
    });
  });

  test("a submission was not sent when the server speaks no TLS", async () => {
    const { origin, requests } = await serveAnswers(() => ({}));
    const { client } = open(subject, origin.replace("http:", "https:"));
    expect(await client.submit(submission)).toEqual(retryable);
    expect(requests).toEqual([]);
  });

  test("a submission was not sent when the client was closed", async () => {
    const opened = open(subject, await unusedOrigin());
    await opened.close();
    expect(await opened.client.submit(submission)).toEqual(retryable);
  });

  test("a submission that is reset as soon as the connection stands is not accepted", async () => {
    const origin = await serveTcp((socket) => socket.resetAndDestroy());
    const { kind } = await open(subject, origin).client.submit(submission);
    expect(["retryable", "ambiguous"]).toContain(kind);
  });
}

const statuses = [200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503];

function testSecrets(subject: Subject): void {
  const { errorBody, mediaType } = subject.variant;
  const headers = { "content-type": mediaType };

  test.each(statuses)("our secrets are not repeated, though an answer %i repeats them", async (status) => {
    for (const form of sentSecrets(subject)) {
      const body = errorBody(`The credentials ${form} are wrong: ${form}`);
      const { client } = await connectToSubmit(subject, () => ({ status, body, headers }));
      expectNoSecret(subject, await client.submit(submission));
    }
    const echoing = await connectToSubmit(subject, (seen) => ({
      status,
      body: errorBody(echo(seen)),
      headers,
    }));
    expectNoSecret(subject, await echoing.client.submit(submission));
  });

  test.each(statuses)(
    "the words of a server of another kind are not repeated, though it answers %i",
    async (status) => {
      for (const body of foreignBodies) {
        const { client } = await connectToSubmit(subject, () => ({ ...body, status }));
        expectNothingForeign(await client.submit(submission));
      }
    },
  );
}
