import { describe, expect, test } from "vitest";
import type { UncertainSubmission } from "../../src/providers/provider.ts";
import { unusedOrigin } from "./local-server.ts";
import {
  accepted,
  type Answer,
  connect,
  duplicate,
  fixture,
  json,
  messageId,
  openClient,
  requestError,
  submission,
  verdict,
} from "./qikli-fixtures.ts";
import { reconcileOne } from "./reconcile-one.ts";

const uncertain: UncertainSubmission = { ...submission, attemptedAt: new Date("2025-08-11T13:12:00Z") };
const report = { ...JSON.parse(fixture("reports.200.json")).results[0], messageId };
const logged = json({ results: [report] });

describe("sending it again", () => {
  test.each(["JSON", "XML"] as const)(
    "a resend to Qikli is the same request to the letter, in %s",
    async (format) => {
      const { client, requests } = await connect(() => json(verdict(duplicate)), { format });
      const details = { flash: true, validityMinutes: 90 };
      await client.submit({ ...submission, ...details });
      await reconcileOne(client, { ...uncertain, ...details });
      const [first, second] = requests.map(({ body, path, headers }) => ({ body, path, headers }));
      expect(second).toEqual(first);
    },
  );

  test("a second submission to Qikli shows by its duplicate that the first was accepted", async () => {
    const { client } = await connect(() => json(verdict(duplicate)));
    expect(await reconcileOne(client, uncertain)).toEqual({
      kind: "found",
      providerMessageId: messageId,
      receipts: [],
    });
  });

  test("a second submission to Qikli shows by its acceptance that it is accepted now", async () => {
    const { client } = await connect(() => json(verdict(accepted)));
    expect(await reconcileOne(client, uncertain)).toEqual({
      kind: "found",
      providerMessageId: messageId,
      providerBatchId: "bulk-1",
      receipts: [],
    });
  });

  test.each<[string, Answer]>([
    ["no credit", json(verdict({ groupId: 5, id: 12, name: "REJECTED_NOT_ENOUGH_CREDITS" }))],
    ["status 23 under another name", json(verdict({ ...duplicate, name: "REJECTED_ODDITY" }))],
    ["a bad request", json(requestError("BAD_REQUEST", "Bad Request"), 400)],
  ])("a resend to Qikli proves nothing about the first request by %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await reconcileOne(client, uncertain)).toEqual({ kind: "absent" });
  });

  test.each<[string, Answer, string]>([
    ["401", { status: 401 }, "unauthenticated"],
    ["403", { status: 403 }, "refused"],
    ["429", { status: 429, headers: { "retry-after": "5" } }, "busy"],
    ["500", { status: 500 }, "unreachable"],
    ["HTML", { body: "<html>" }, "unreachable"],
    ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
  ])("a resend to Qikli may be in vain: %s", async (_name, answer, kind) => {
    const { client, requests } = await connect(() => answer);
    const outcome = { kind: "unavailable", problem: { kind, detail: expect.stringMatching(/\w/) } };
    expect(await reconcileOne(client, uncertain)).toMatchObject(outcome);
    expect(requests).toHaveLength(1);
  });

  test("a resend to Qikli may reach nobody", async () => {
    const outcome = await reconcileOne(openClient(await unusedOrigin()), uncertain);
    expect(outcome).toMatchObject({ kind: "unavailable", problem: { kind: "unreachable" } });
  });

  test("a second submission to Qikli is not done twice, nor where the connection forbids it", async () => {
    const { client, requests } = await connect(() => json(verdict(accepted)));
    expect(await reconcileOne(client, { ...uncertain, resendAllowed: false })).toEqual({ kind: "absent" });
    const careful = await connect(() => json(verdict(accepted)), { resend: false });
    expect(await reconcileOne(careful.client, uncertain)).toEqual({ kind: "absent" });
    expect([...requests, ...careful.requests]).toEqual([]);
  });
});

describe("with the logs", () => {
  test("a reconciliation with Qikli's logs finds the message without sending it", async () => {
    const { client, requests } = await connect(() => logged, { logs: true });
    expect(await reconcileOne(client, uncertain)).toMatchObject({
      kind: "found",
      providerMessageId: messageId,
      providerBatchId: "BULK-ID-123-xyz",
      receipts: [{ status: "DELIVERED", clientRef: messageId }],
    });
    expect(requests.map(({ method, path, query }) => ({ method, path, query }))).toEqual([
      { method: "GET", path: "/sms/1/logs", query: { messageId } },
    ]);
  });

  test.each<[string, Answer]>([
    ["empty", json({ results: [] })],
    ["not there", { status: 404 }],
    ["about others", json({ results: [{ ...report, messageId: "other" }] })],
  ])("reconciliation at Qikli sends again where the logs are %s", async (_name, answer) => {
    const { client, requests } = await connect(
      ({ method }) => (method === "GET" ? answer : json(verdict(duplicate))),
      { logs: true },
    );
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "found", receipts: [] });
    expect(requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });

  const several = Array.from({ length: 120 }, (_, place) => ({
    messageId: `m${place}`,
    to: submission.to,
    providerMessageId: `q-${place}`,
  }));
  const rowsOf = (ids: readonly string[]): Answer =>
    json({ results: ids.map((id) => ({ ...report, messageId: id })) });

  test("overdue messages are looked up in Qikli's logs fifty in a request", async () => {
    const { client, requests } = await connect(
      // The last one is too old for the logs.
      ({ search }) => rowsOf(search.getAll("messageId").filter((id) => id !== "q-119")),
      { logs: true },
    );
    const reply = await client.lookUp(several);
    expect(reply.ok && new Set(reply.value.map(({ clientRef }) => clientRef))).toEqual(
      new Set(several.slice(0, -1).map((one) => one.messageId)),
    );
    expect(requests.map(({ search }) => search.getAll("messageId").length)).toEqual([50, 50, 20]);
  });

  test.each<[string, (ids: string[]) => Answer]>([
    ["answers about one id only", (ids) => rowsOf(ids.slice(0, 1))],
    ["answers about the last id only", (ids) => rowsOf(ids.slice(-1))],
    ["refuses several ids", (ids) => (ids.length > 1 ? { status: 400 } : rowsOf(ids))],
    ["finds nothing for several ids", (ids) => rowsOf(ids.length > 1 ? [] : ids)],
  ])("overdue messages are looked up one by one where the platform %s", async (_name, answer) => {
    const { client, requests } = await connect(({ search }) => answer(search.getAll("messageId")), {
      logs: true,
    });
    const reply = await client.lookUp([...several.slice(0, 3), { messageId, to: submission.to }]);
    expect(reply.ok && new Set(reply.value.map(({ clientRef }) => clientRef))).toEqual(
      new Set(["m0", "m1", "m2", messageId]),
    );
    expect(requests.length).toBeLessThanOrEqual(5);
  });

  test("a reconciliation with Qikli's logs says what stood in the way", async () => {
    const missing = await connect(() => ({ status: 404 }), { logs: true });
    const down = await connect(() => ({ status: 503 }), { logs: true });
    const messages = [{ messageId, to: submission.to }];
    expect(await missing.client.lookUp(messages)).toMatchObject({ ok: false, problem: { kind: "refused" } });
    expect(await down.client.lookUp(messages)).toMatchObject({ ok: false, problem: { kind: "busy" } });
  });
});

test("nothing is looked up at Qikli without the logs", async () => {
  const { client, requests } = await connect(() => logged);
  const reply = await client.lookUp([{ messageId, to: submission.to }]);
  expect(reply).toEqual({
    ok: false,
    problem: { kind: "refused", detail: "Qikli has no look-up that leaves its reports unread." },
  });
  expect(requests).toEqual([]);
});
