import type { Socket } from "node:net";
import { array, assert, asyncProperty } from "fast-check";
import { expect, test } from "vitest";
import type { HttpLimits } from "../../src/providers/registry.ts";
import { connectToSubmit, open, serveResets, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { mutate, mutation } from "./contract-mutations.ts";
import type { Answer } from "./serve-answers.ts";
import { runs } from "../support/runs.ts";

const ambiguous = { kind: "ambiguous", reason: expect.stringMatching(/\w/) };
const html = { "content-type": "text/html" };

/** Answers that prove nothing, however many messages the request had. `accepted` is the body that would accept. */
export function openEndings({ variant }: Subject, accepted: string): [string, Answer][] {
  const { mediaType, errorBody } = variant;
  const headers = { "content-type": mediaType };
  const fault = errorBody("Something went wrong");
  const open5xx = [500, 501, 502, 503, 504, 520].flatMap((status): [string, Answer][] => [
    [
      `${status} in the provider's syntax`,
      { status, body: fault, headers: { ...headers, "retry-after": "5" } },
    ],
    [`${status} in HTML`, { status, body: "<html></html>", headers: html }],
    [`${status} empty`, { status }],
  ]);
  const redirects = [301, 302, 303, 307, 308].map((status): [string, Answer] => [
    `${status}, which is not followed`,
    { status, headers: { location: "/elsewhere" } },
  ]);
  const endings: [string, Answer][] = [
    ["200 empty", {}],
    ["204", { status: 204 }],
    ["200 in HTML", { body: "<html><body>OK</body></html>", headers: html }],
    ["200 in HTML with a doctype", { body: "<!DOCTYPE html><html><body>OK</body></html>", headers: html }],
    ["200 in plain text", { body: "OK", headers: { "content-type": "text/plain" } }],
    ["200 with null", { body: "null", headers }],
    ["200 with an empty object", { body: "{}", headers }],
    ["200 with an empty list", { body: "[]", headers }],
    ["200 truncated", { body: accepted.trimEnd().slice(0, -1), headers }],
    ["200 truncated early", { body: accepted.slice(0, accepted.length / 2), headers }],
    ["408", { status: 408, headers }],
    ["409", { status: 409, headers }],
    ["a body longer than the limit", { body: `${accepted}${" ".repeat(100_000)}`, headers }],
    ["a reset", (response) => response.socket?.resetAndDestroy()],
    ["a close", (response) => response.socket?.end()],
    ["a reset within the head", (response) => cut(response.socket, "HTTP/1.1 200 OK\r\nContent-Ty")],
    ["a reset within the body", (response) => cut(response.socket, head(accepted, accepted.slice(0, 20)))],
    ["what is no HTTP", (response) => response.socket?.end("SMTP ready\r\n\r\n")],
    ["a head that is too long", { body: accepted, headers: { ...headers, "x-long": "x".repeat(100_000) } }],
  ];

  return [...endings, ...open5xx, ...redirects];
}

/** Answers that prove nothing: the message may have been taken, so it is never sent again. */
export function testOpen(subject: Subject): void {
  const { variant } = subject;
  const { accepted, mediaType, unclear } = variant;
  const headers = { "content-type": mediaType };

  test.each([...openEndings(subject, accepted), ...unclear])(
    "a submission leaves the outcome open: %s",
    async (_name, answer) => {
      const { client, requests, submissions } = await connectToSubmit(subject, () => answer, {
        maxBodyBytes: 50_000,
      });
      expect(await client.submit(submission)).toEqual(ambiguous);
      expect(submissions()).toHaveLength(1);
      expect(requests.map(({ path }) => path)).not.toContain("/elsewhere");
    },
  );

  test("a submission that is reset while it is still being written leaves the outcome open", async () => {
    const { client } = open(subject, await serveResets(subject));
    expect(await client.submit({ ...submission, text: "x".repeat(10_000_000) })).toEqual(ambiguous);
  });

  test("a submission is not sent again, whatever becomes of its acceptance on the way", async () => {
    let body = accepted;
    const { client, submissions } = await connectToSubmit(subject, () => ({ body, headers }));
    await assert(
      asyncProperty(array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        body = mutations.reduce(mutate, accepted);
        const sentBefore = submissions().length;
        expect((await client.submit(submission)).kind).not.toBe("retryable");
        expect(submissions()).toHaveLength(sentBefore + 1);
      }),
      runs(80),
    );
  });
}

const head = (whole: string, body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(whole)}\r\n\r\n${body}`;

/** Resets once this much has arrived. */
function cut(socket: Socket | null, written: string): void {
  socket?.write(written, () => socket.resetAndDestroy());
}

/** The same for answers that do not come to their end in time. */
export function lateEndings(accepted: string): [string, Answer, HttpLimits][] {
  // Long enough to be asked in on a busy machine.
  const short = { totalTimeoutMs: 1_500 };
  const half = head(accepted, accepted.slice(0, 20));
  return [
    ["nothing within the limit for the head", () => {}, { headersTimeoutMs: 100 }],
    [
      "no more within the limit for the body",
      (response) => response.socket?.write(half),
      { bodyTimeoutMs: 100 },
    ],
    ["nothing", () => {}, short],
    ["half a head", (response) => response.socket?.write("HTTP/1.1 200 OK\r\n"), short],
    ["a head alone", (response) => response.socket?.write(head(accepted, "")), short],
    ["half a body", (response) => response.socket?.write(half), short],
    ["a body drop by drop", (response) => drip(response.socket), short],
  ];
}

/** Keeps the body's time limit from passing, for ever. */
function drip(socket: Socket | null): void {
  socket?.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const timer = setInterval(() => socket?.write("1\r\n \r\n"), 20);
  socket?.once("close", () => clearInterval(timer));
}
