import { describe, expect, test } from "vitest";
import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { type Seen, serveTcp, unusedOrigin } from "./local-server.ts";
import { type Answer, lateEndings } from "./serve-answers.ts";

/** An adapter under test, as the fixtures of each vendor open it. */
export interface Subject {
  connect: (
    answerTo: (seen: Seen) => Answer,
    connection?: { totalTimeoutMs?: number },
  ) => Promise<{ client: ProviderClient; requests: readonly Seen[] }>;
  openClient: (origin: string) => ProviderClient;
  submission: Submission;
}

/** That a submission is ambiguous after each of these answers, and written once. */
export function testOpenEndings(subject: Subject, endings: readonly [string, Answer][]): void {
  const { connect, openClient, submission } = subject;

  describe("an answer that leaves it open", () => {
    test.each([...endings])("an answer leaves the outcome open: %s", async (_name, answer) => {
      const { client, requests } = await connect(() => answer);
      const outcome = await client.submit(submission);
      expect(outcome).toEqual({ kind: "ambiguous", reason: expect.stringMatching(/\w/) });
      expect(requests).toHaveLength(1);
    });

    test.each(lateEndings)(
      "an answer that comes in time leaves the outcome open: %s",
      async (_name, answer) => {
        const { client, requests } = await connect(() => answer, { totalTimeoutMs: 500 });
        expect(await client.submit(submission)).toMatchObject({ kind: "ambiguous" });
        expect(requests).toHaveLength(1);
      },
    );

    test("a reset while the request is written", async () => {
      const origin = await serveTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const text = "x".repeat(10_000_000);
      expect(await openClient(origin).submit({ ...submission, text })).toMatchObject({ kind: "ambiguous" });
    });
  });

  test("a connection refused may be tried again", async () => {
    const client = openClient(await unusedOrigin());
    expect(await client.submit(submission)).toEqual({ kind: "retryable", reason: "connection refused" });
  });
}

/** That a question answered like this has a problem of that kind, for the balance and the check alike. */
export function testProblems(
  { connect, openClient }: Subject,
  problems: readonly [string, Answer, string][],
): void {
  describe("the problem of a question", () => {
    test.each([...problems])("the problem of a query is named: %s", async (_name, answer, kind) => {
      const { client } = await connect(() => answer);
      const reply = await client.balance();
      expect(reply).toMatchObject({ ok: false, problem: { kind, detail: expect.stringMatching(/\w/) } });
      expect(await client.check()).toEqual(reply);
    });

    test.each([429, 503])("the problem of a query says after status %i when to ask again", async (status) => {
      const { client } = await connect(() => ({ status, headers: { "retry-after": "9" } }));
      expect(await client.balance()).toMatchObject({ problem: { kind: "busy", retryAfterSeconds: 9 } });
    });

    test("no answer in time", async () => {
      const { client } = await connect(() => () => {}, { totalTimeoutMs: 500 });
      expect(await client.balance()).toMatchObject({ ok: false, problem: { kind: "unreachable" } });
    });

    test("the problem of a query is named when nobody is there", async () => {
      const reply = await openClient(await unusedOrigin()).check();
      expect(reply).toEqual({ ok: false, problem: { kind: "unreachable", detail: "connection refused" } });
    });
  });
}
