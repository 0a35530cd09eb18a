import { describe, expect, test } from "vitest";
import { ignoredReason, type MessageStatus } from "../../src/messages/model/status.ts";
import type { ProviderClient, Receipt, SubmitOutcome } from "../../src/providers/provider.ts";
import { telekom } from "../../src/providers/telekom/index.ts";
import { telekomScenarios, type TelekomSandbox } from "../../src/sandbox/telekom/index.ts";
import type { CallbackReceiver } from "../sandbox/callback-receiver.ts";
import { createManualClock } from "../sandbox/manual-clock.ts";
import { startReceiver } from "../sandbox/setup.ts";
import { startSandbox } from "../sandbox/telekom-setup.ts";
import { checked } from "./serve-answers.ts";
import { formats, openClient, submission, type Connection } from "./telekom-fixtures.ts";

const ways = formats.flatMap((format) => [
  { format, useSession: false },
  { format, useSession: true },
]);

const numberOf = (suffix: string) => checked(`+421901000${suffix}`);

/** Submits until there is an outcome that is not to be tried again; two attempts at most. */
async function submit(client: ProviderClient, suffix: string): Promise<SubmitOutcome> {
  const message = { ...submission, to: numberOf(suffix) };
  const first = await client.submit(message);
  return first.kind === "retryable" ? client.submit(message) : first;
}

/** Everything posted until a second message, one of the usual kind, is delivered; without what is said of that. */
async function receiptsOf(callbacks: CallbackReceiver, client: ProviderClient): Promise<Receipt[]> {
  const marker = await client.submit({ ...submission, to: numberOf("567") });
  const id = marker.kind === "accepted" ? marker.providerMessageId : undefined;
  const isDone = (receipt: Receipt): boolean =>
    receipt.providerMessageId === id && receipt.status === "DELIVERED";
  let receipts: Receipt[] = [];
  for (let count = 2; !receipts.some(isDone); count++) {
    receipts = (await callbacks.take(count)).flatMap(({ text, headers }) => {
      const reading = telekom.parseCallback(text, settings, headers["content-type"]);
      return reading.kind === "receipts" ? reading.receipts : [];
    });
  }
  return receipts.filter(({ providerMessageId }) => providerMessageId !== id);
}

const settings = telekom.settings.parse({ baseUrl: telekom.documentedBaseUrl, token: "t" });

const evolve = (status: MessageStatus, { status: next }: Receipt): MessageStatus =>
  ignoredReason(status, next) === undefined ? next : status;

/** Where a message stands after what was posted about it and then what is said when asked. */
async function endOf(
  outcome: SubmitOutcome,
  receipts: readonly Receipt[],
  client: ProviderClient,
): Promise<MessageStatus> {
  if (outcome.kind === "ambiguous") return "OUTCOME_UNKNOWN";
  if (outcome.kind !== "accepted") return outcome.kind === "rejected" ? outcome.status : "QUEUED";
  const { providerMessageId } = outcome;
  expect(receipts.every((receipt) => receipt.providerMessageId === providerMessageId)).toBe(true);
  const { messageId, to } = submission;
  const reply = await client.lookUp([{ messageId, to, providerMessageId }]);
  expect(reply).toMatchObject({ ok: true, value: [{ clientRef: messageId }] });
  return [...receipts, ...(reply.ok ? reply.value : [])].reduce(evolve, "SUBMITTED");
}

describe.each(ways)("against the sandbox, $format, session $useSession", (way) => {
  const open = ({ url, token }: TelekomSandbox, connection: Connection = {}): ProviderClient =>
    openClient(url, { ...way, token, ...connection });

  test.each(telekomScenarios)(
    "the Telekom adapter and its sandbox agree in scenario $suffix: $name",
    async ({ suffix, expected, behaviour }) => {
      const callbacks = await startReceiver();
      const sandbox = await startSandbox({ callbackUrl: callbacks.url });
      const isHanging = behaviour.answer === "hang";
      const client = open(sandbox, isHanging ? { totalTimeoutMs: 500 } : {});
      const outcome = await submit(client, suffix);
      const receipts = await receiptsOf(callbacks, open(sandbox));
      expect(await endOf(outcome, receipts, client)).toBe(expected);
      // Nothing is submitted twice, but what was refused: throttled, or for its session.
      const sent = sandbox.requests.filter(
        ({ path, body }) => path.endsWith("send_message") && body.includes(`000${suffix}`),
      );
      const isRepeated = suffix === "010" || (suffix === "033" && way.useSession);
      expect(sent).toHaveLength(isRepeated ? 2 : 1);
    },
  );

  test("the Telekom adapter and its sandbox agree in every other function", async () => {
    const sandbox = await startSandbox();
    const client = open(sandbox);
    expect(await client.check()).toMatchObject({ ok: true });
    const groups = await client.cadenceGroups?.();
    expect(groups).toMatchObject({
      ok: true,
      value: expect.arrayContaining([expect.objectContaining({ id: "1000", paused: false })]),
    });
    expect(groups).toHaveProperty("value.length", 7);
    const found = { ok: true, value: { valid: true, network: "Orange" } };
    expect(await client.lookUpNumber?.(checked("+421905123456"))).toEqual(found);
    const { to, messageId } = submission;
    expect(await client.lookUp([{ to, messageId, providerMessageId: "1" }])).toEqual({ ok: true, value: [] });
  });

  test("every parameter is taken as it is meant", async () => {
    const sandbox = await startSandbox();
    const client = open(sandbox);
    const parameters = {
      flash: true,
      priority: "HIGH",
      validityMinutes: 60,
      cadenceGroupId: "1001",
    } as const;
    expect(await client.submit({ ...submission, ...parameters, encoding: "UCS2" })).toMatchObject({
      kind: "accepted",
    });
  });

  test("the Telekom sandbox is asked to post nothing without a callback URL", async () => {
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    const client = open(sandbox);
    await client.submit({ ...submission, to: numberOf("000"), callbackUrl: undefined });
    expect(await receiptsOf(callbacks, client)).toEqual([]);
  });

  test("the Telekom sandbox refuses wrong credentials and addresses, and says so", async () => {
    const sandbox = await startSandbox();
    expect(await open(sandbox, { token: "wrong" }).check()).toMatchObject({
      problem: { kind: "unauthenticated" },
    });
    const refusing = await startSandbox({ refusedAddress: "1.2.3.4" });
    const outcome = await open(refusing).submit(submission);
    expect(outcome).toMatchObject({
      status: "FAILED",
      failure: { code: "provider_forbidden", text: expect.stringContaining("1.2.3.4") },
    });
  });
});

test("sessions that end between and during calls lose nothing and send nothing twice", async () => {
  const clock = createManualClock("2026-01-31T08:00:00Z");
  const sandbox = await startSandbox({ clock });
  const client = openClient(sandbox.url, { token: sandbox.token, useSession: true });
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => client.submit(submission)));
    expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
    const ids = outcomes.map((outcome) => (outcome.kind === "accepted" ? outcome.providerMessageId : ""));
    expect(new Set(ids).size).toBe(20);
    // Only the sandbox knows of it: the client takes the session for alive.
    clock.advance(16 * 60_000);
  }
  expect(sandbox.requests.filter(({ path }) => path.endsWith("/auth"))).toHaveLength(3);
});
