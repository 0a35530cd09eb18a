import { expect, test, vi } from "vitest";
import type { ProviderClient, Receipt, Submission, SubmitOutcome } from "../../src/providers/provider.ts";
import type { HttpLimits, OpenProvider } from "../../src/providers/registry.ts";
import { type RunningTwin, twins } from "../../src/sandbox/twins.ts";
import { askable, open, questions, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { expectNoSecret } from "./contract-secrets.ts";
import { serveHttp } from "./local-server.ts";
import { checked } from "./serve-answers.ts";
import { reconcileOne } from "./reconcile-one.ts";
import { atEnd } from "../support/side-by-side.ts";

const refused = { ok: false, problem: { kind: "refused", detail: expect.stringMatching(/\w/) } };

/** A message for one of the sandbox's scenarios. */
const messageTo = (suffix: string): Submission => ({
  ...submission,
  to: checked(`+421901000${suffix}`),
  callbackUrl: undefined,
});

/** Messages to numbers of their own, one for each scenario. */
const numbered = (suffixes: readonly string[]): Submission[] =>
  suffixes.map((suffix, index) => ({
    ...messageTo(suffix),
    messageId: `0198a1b2-0000-7000-8000-${String(index).padStart(12, "0")}`,
    to: checked(`+42190${String(1000 + index)}${suffix}`),
  }));

const patience = { timeout: 120_000 };

const unknownOutcome: SubmitOutcome = { kind: "ambiguous", reason: "no outcome" };

const submitMany = (client: ProviderClient, messages: readonly Submission[]): Promise<SubmitOutcome[]> =>
  client.submitMany?.(messages) ?? Promise.resolve([]);

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
    const server = await twin.start({ immediate: true, chosen: variant.twinChosen });
    atEnd(() => server.close());
    const opened = open(subject, server.url, { credentials: server.credentials, ...own });
    return { server, opened, client: opened.client };
  }

  const simple = (
    ["check", "balance", "rates", "cadenceGroups", "lookUpNumber", "drainReceipts"] as const
  ).filter((question) => askable(subject).includes(question));
  test.each(simple)("the sandbox plays the scenario %s", async (question) => {
    const { client } = await start();
    expect(await questions[question](client)).toMatchObject({ ok: true });
  });

  test("the sandbox accepts a message, which is looked up where it can be", async () => {
    const { client } = await start();
    const message = messageTo("000");
    const outcome = await client.submit(message);
    expect(outcome).toMatchObject({ kind: "accepted" });
    const { messageId, to } = message;
    const asked = [{ messageId, to, ...idsOf(outcome) }];
    const status = expect.stringMatching(/^(SENT|DELIVERED)$/);
    const known = { ok: true, value: [{ clientRef: messageId, status }] };
    const isServed = variant.lookedUp !== undefined;
    await vi.waitFor(
      async () => expect(await client.lookUp(asked)).toMatchObject(isServed ? known : refused),
      patience,
    );
  });

  test.each(capabilities.bulkSize > 1 ? [Math.min(500, capabilities.bulkSize)] : [])(
    "the sandbox accepts %i messages at once, which are looked up or reported",
    async (count) => {
      const { client, opened, server } = await start();
      const messages = numbered(Array.from({ length: count }, () => "000"));
      const callbackReceipts = await receiveReceipts(server, opened, async (callbackUrl) => {
        const outcomes = await submitMany(
          client,
          messages.map((message) => ({ ...message, callbackUrl })),
        );
        expect(outcomes).toEqual(messages.map(() => expect.objectContaining({ kind: "accepted" })));
        expect(server.requests).toHaveLength(1);
        const some = messages.slice(0, 3).map(({ messageId, to }, index) => ({
          messageId,
          to,
          ...idsOf(outcomes[index] ?? unknownOutcome),
        }));
        const known = some.map(({ messageId }) => ({ clientRef: messageId }));
        const isServed = variant.lookedUp !== undefined;
        expect(await client.lookUp(some)).toMatchObject(isServed ? { ok: true, value: known } : refused);
      });
      const reported = (): Set<string | undefined> =>
        new Set(callbackReceipts.filter(({ status }) => status === "DELIVERED").map((one) => one.clientRef));
      const wanted = capabilities.receipts === "CALLBACK" ? messages.map(({ messageId }) => messageId) : [];
      await vi.waitFor(() => expect(reported()).toEqual(new Set(wanted)), patience);
    },
  );

  // What alone would be refused, or not be answered, is so among others, too; only the first can hold up all.
  test.each(capabilities.bulkSize > 1 ? ["009", "011", "012", "014", "019", "023"] : [])(
    "the message of scenario %s among others is never accepted and lost without being told",
    async (suffix) => {
      const { client } = await start({ totalTimeoutMs: 1_000 });
      const messages = numbered(["000", suffix, "000"]);
      const attemptedAt = new Date();
      const outcomes = await submitMany(client, messages);
      const [first, odd, last] = outcomes.map(({ kind }) => kind);
      expect([first, last]).toEqual(["accepted", "accepted"]);
      // Where the batch alone is named, who is missing shows in the list of it.
      const [, message = submission] = messages;
      const asked = { ...message, ...idsOf(outcomes[1] ?? unknownOutcome), ageSeconds: 3_600 };
      const lookedUp = odd === "accepted" ? await client.lookUp([asked]) : undefined;
      const found = odd === "ambiguous" ? await reconcileOne(client, { ...message, attemptedAt }) : undefined;
      const isKept = suffix !== "011" && suffix !== "014";
      const truths = [
        odd === "rejected" && !isKept,
        lookedUp?.ok === true &&
          lookedUp.value.length > 0 &&
          (lookedUp.value[0]?.status !== "FAILED") === isKept,
        found !== undefined && (found.kind === "found" || !isKept),
      ];
      expect(truths.filter(Boolean)).toHaveLength(1);
    },
  );

  test.each(capabilities.bulkSize > 1 ? ["009", "010", "012", "019", "023"] : [])(
    "the messages of a request whose first is scenario %s all wait, or are found",
    async (suffix) => {
      const { client } = await start({ totalTimeoutMs: 1_000 });
      const messages = numbered([suffix, "000", "000"]);
      const attemptedAt = new Date();
      const kinds = (await submitMany(client, messages)).map(({ kind }) => kind);
      const common = suffix === "010" ? "retryable" : "ambiguous";
      expect(kinds).toEqual([common, common, common]);
      const found = await Promise.all(
        messages.map((message) =>
          suffix === "010"
            ? client.submit(message).then(({ kind }) => kind)
            : reconcileOne(client, { ...message, attemptedAt }).then(({ kind }) => kind),
        ),
      );
      const fine = suffix === "010" ? "accepted" : "found";
      expect(found).toEqual([fine, fine, fine]);
    },
  );

  test("the receipts that do not come by themselves can be had", () => {
    expect(capabilities.receiptQueue || variant.lookedUp !== undefined).toBe(true);
  });

  test("the sandbox rejects a message", async () => {
    const { client } = await start();
    const failure = { code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/), text: expect.stringMatching(/\w/) };
    expect(await client.submit(messageTo("014"))).toMatchObject({ kind: "rejected", failure });
  });

  test("the sandbox throttles a message and then accepts it", async () => {
    const { client } = await start();
    expect(await client.submit(messageTo("010"))).toMatchObject({ kind: "retryable", retryAfterSeconds: 1 });
    expect(await client.submit(messageTo("010"))).toMatchObject({ kind: "accepted" });
  });

  const { problem } = refused;
  const wanted = contract.reconciles ? { kind: "found" } : { kind: "unavailable", problem };
  // Nothing was kept: one that is asked by sending again may fail again.
  const notFound = { kind: expect.stringMatching(/^(absent|unavailable)$/) };
  test.each(["009", "011", "012", "019", "023"])(
    "the outcome of scenario %s is left open, and found where it can be",
    async (suffix) => {
      const { client } = await start({ totalTimeoutMs: 1_000 });
      const message = messageTo(suffix);
      const attemptedAt = new Date();
      expect(await client.submit(message)).toMatchObject({ kind: "ambiguous" });
      const found = await reconcileOne(client, { ...message, attemptedAt });
      expect(found).toMatchObject(suffix === "011" ? notFound : wanted);
      const isNamed =
        found.kind !== "found" || (found.providerMessageId ?? found.providerBatchId) !== undefined;
      expect(isNamed).toBe(true);
    },
  );

  test.each(capabilities.receipts === "CALLBACK" ? ["000"] : [])(
    "the receipts posted in scenario %s are read",
    async (suffix) => {
      const { server, opened } = await start();
      const receipts = await receiveReceipts(server, opened, async (callbackUrl) => {
        expect(await opened.client.submit({ ...messageTo(suffix), callbackUrl })).toMatchObject({
          kind: "accepted",
        });
      });
      await vi.waitFor(() => expect(receipts.map(({ status }) => status)).toContain("DELIVERED"), patience);
    },
  );

  test.each(capabilities.receiptQueue ? ["000"] : [])(
    "the receipts waiting in scenario %s are drained once, and read",
    async (suffix) => {
      const { client, opened } = await start();
      const message = messageTo(suffix);
      await client.submit(message);
      const drained = await vi.waitUntil(async () => {
        const reply = await client.drainReceipts?.();
        return reply?.ok ? reply.value : undefined;
      }, patience);
      const receipts = [{ clientRef: message.messageId, status: "DELIVERED" }];
      expect(opened.parseCallback(drained.body, drained.contentType)).toMatchObject({
        kind: "receipts",
        receipts,
      });
      expect(await client.drainReceipts?.()).toEqual({ ok: true, value: undefined });
    },
  );

  test("the sandbox refuses wrong credentials, and the client does not repeat them", async () => {
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
