import { expect, onTestFinished, test, vi } from "vitest";
import type { Receipt, Submission, SubmitOutcome } from "../../src/providers/provider.ts";
import type { HttpLimits, OpenProvider } from "../../src/providers/registry.ts";
import { type RunningTwin, twins } from "../../src/sandbox/twins.ts";
import { askable, open, questions, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { expectNoSecret } from "./contract-secrets.ts";
import { serveHttp } from "./local-server.ts";
import { checked } from "./serve-answers.ts";

const refused = { ok: false, problem: { kind: "refused", detail: expect.stringMatching(/\w/) } };

/** A message for one of the sandbox's scenarios. */
const messageTo = (suffix: string): Submission => ({
  ...submission,
  to: checked(`+421901000${suffix}`),
  callbackUrl: undefined,
});

const idsOf = (outcome: SubmitOutcome) =>
  outcome.kind === "accepted"
    ? { providerMessageId: outcome.providerMessageId, providerBatchId: outcome.providerBatchId }
    : {};

/** The provider's client against its stand-in. */
export function testTwin(subject: Subject): void {
  const { provider, contract, variant } = subject;
  const { capabilities } = provider;

  async function start(own: HttpLimits & { credentials?: object } = {}) {
    const twin = twins.find(({ kind }) => kind === provider.kind);
    if (!twin) throw new Error(`${provider.kind} has no sandbox twin: add one to src/sandbox/twins.ts.`);
    const server = await twin.start({ immediate: true });
    onTestFinished(() => server.close());
    const opened = open(subject, server.url, { credentials: server.credentials, ...own });
    return { server, opened, client: opened.client };
  }

  const simple = (
    ["check", "balance", "rates", "cadenceGroups", "lookUpNumber", "drainReceipts"] as const
  ).filter((question) => askable(subject).includes(question));
  test.each(simple)("%s", async (question) => {
    const { client } = await start();
    expect(await questions[question](client)).toMatchObject({ ok: true });
  });

  test("accepted, and looked up where it can be", async () => {
    const { client } = await start();
    const message = messageTo("000");
    const outcome = await client.submit(message);
    expect(outcome).toMatchObject({ kind: "accepted" });
    const { messageId, to } = message;
    const asked = [{ messageId, to, ...idsOf(outcome) }];
    const status = expect.stringMatching(/^(SENT|DELIVERED)$/);
    const known = { ok: true, value: [{ clientRef: messageId, status }] };
    const isServed = variant.lookedUp !== undefined && variant.twinLacksLookUp !== true;
    await vi.waitFor(async () =>
      expect(await client.lookUp(asked)).toMatchObject(isServed ? known : refused),
    );
  });

  test("receipts that do not come by themselves can be had", () => {
    expect(capabilities.receiptQueue || variant.lookedUp !== undefined).toBe(true);
  });

  test("rejected", async () => {
    const { client } = await start();
    const failure = { code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/), text: expect.stringMatching(/\w/) };
    expect(await client.submit(messageTo("014"))).toMatchObject({ kind: "rejected", failure });
  });

  test("throttled, then accepted", async () => {
    const { client } = await start();
    expect(await client.submit(messageTo("010"))).toMatchObject({ kind: "retryable", retryAfterSeconds: 1 });
    expect(await client.submit(messageTo("010"))).toMatchObject({ kind: "accepted" });
  });

  const { problem } = refused;
  const wanted = contract.reconciles ? { kind: "found" } : { kind: "unavailable", problem };
  // Nothing was kept: one that is asked by sending again may fail again.
  const notFound = { kind: expect.stringMatching(/^(absent|unavailable)$/) };
  test.each(["009", "011", "012", "019", "023"])(
    "%s: left open, and found where it can be",
    async (suffix) => {
      const { client } = await start({ totalTimeoutMs: 500 });
      const message = messageTo(suffix);
      const attemptedAt = new Date();
      expect(await client.submit(message)).toMatchObject({ kind: "ambiguous" });
      const found = await client.reconcile({ ...message, attemptedAt });
      expect(found).toMatchObject(suffix === "011" ? notFound : wanted);
      const isNamed =
        found.kind !== "found" || (found.providerMessageId ?? found.providerBatchId) !== undefined;
      expect(isNamed).toBe(true);
    },
  );

  test.each(capabilities.receipts === "CALLBACK" ? ["000"] : [])(
    "%s: posted receipts are read",
    async (suffix) => {
      const { server, opened } = await start();
      const receipts = await receiveReceipts(server, opened, async (callbackUrl) => {
        expect(await opened.client.submit({ ...messageTo(suffix), callbackUrl })).toMatchObject({
          kind: "accepted",
        });
      });
      await vi.waitFor(() => expect(receipts.map(({ status }) => status)).toContain("DELIVERED"));
    },
  );

  test.each(capabilities.receiptQueue ? ["000"] : [])(
    "%s: waiting receipts are drained once, and read",
    async (suffix) => {
      const { client, opened } = await start();
      const message = messageTo(suffix);
      await client.submit(message);
      const drained = await vi.waitUntil(async () => {
        const reply = await client.drainReceipts?.();
        return reply?.ok ? reply.value : undefined;
      });
      const receipts = [{ clientRef: message.messageId, status: "DELIVERED" }];
      expect(opened.parseCallback(drained.body, drained.contentType)).toMatchObject({
        kind: "receipts",
        receipts,
      });
      expect(await client.drainReceipts?.()).toEqual({ ok: true, value: undefined });
    },
  );

  test("wrong credentials are told, and not repeated", async () => {
    const { client } = await start({ credentials: contract.credentials });
    const checking = await client.check();
    expect(checking).toMatchObject({ ok: false, problem: { kind: "unauthenticated" } });
    const outcome = await client.submit(messageTo("000"));
    expect(outcome).toMatchObject({ status: "FAILED", failure: { code: "provider_unauthenticated" } });
    expectNoSecret(subject, [checking, outcome]);
  });
}

/** Everything that the twin posts once `submit` has been called, as it comes in. */
async function receiveReceipts(
  server: RunningTwin,
  opened: OpenProvider,
  submit: (callbackUrl: string) => Promise<void>,
): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = [];
  const { origin } = await serveHttp(({ body, headers }, response) => {
    const reading = opened.parseCallback(body, headers["content-type"]);
    if (reading.kind === "receipts") receipts.push(...reading.receipts);
    response.end();
  });
  server.setCallbackUrl?.(origin);
  await submit(origin);
  return receipts;
}
