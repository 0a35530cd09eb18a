import { describe, expect, it, onTestFinished } from "vitest";
import { createProviderHttp } from "../../src/providers/http.ts";
import type { ProviderClient, Receipt, SubmitOutcome } from "../../src/providers/provider.ts";
import { qikli } from "../../src/providers/qikli/index.ts";
import { qikliScenarios, type QikliSandbox } from "../../src/sandbox/qikli/index.ts";
import { behaviourFor } from "../../src/sandbox/qikli/scenarios.ts";
import { checked } from "../providers/serve-answers.ts";
import { startQikli } from "./qikli-client.ts";
import { startReceiver } from "./setup.ts";
import { reconcileOne } from "../providers/reconcile-one.ts";

type Format = "JSON" | "XML";

function connect({ url, username, password }: QikliSandbox, format: Format) {
  const settings = qikli.settings.parse({ baseUrl: url, username, password, format });
  const http = createProviderHttp({ origin: url, totalTimeoutMs: 1_000 });
  onTestFinished(() => void http.close());
  return { client: qikli.createClient(settings, http), settings };
}

const submissionTo = (suffix: string, callbackUrl?: string) => ({
  messageId: `0198a1b2-0000-7000-8000-000000000${suffix}`,
  to: checked(`+421901000${suffix}`),
  from: "MySender",
  text: "Dobrý deň & <vitajte>",
  encoding: "UCS2" as const,
  segments: 1,
  flash: true,
  priority: "NORMAL" as const,
  validityMinutes: 60,
  ...(callbackUrl !== undefined && { callbackUrl }),
});

/** As the core does: a proven refusal is tried again, an open outcome is reconciled. Gives the status. */
async function send(client: ProviderClient, submission: ReturnType<typeof submissionTo>): Promise<string> {
  const outcome = await client.submit(submission);
  if (outcome.kind === "retryable") return statusOf(await client.submit(submission));
  if (outcome.kind !== "ambiguous") return statusOf(outcome);
  const found = await reconcileOne(client, { ...submission, attemptedAt: new Date() });
  return found.kind === "found" ? "SUBMITTED" : "OUTCOME_UNKNOWN";
}

function statusOf(outcome: SubmitOutcome): string {
  if (outcome.kind === "accepted") return "SUBMITTED";
  return outcome.kind === "rejected" ? outcome.status : outcome.kind;
}

/** The first final status stands, and nothing goes back. */
function fold(start: string, receipts: readonly Receipt[]): string {
  const rank = ["OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN"];
  return receipts.reduce((current, { status }) => {
    const [now, next] = [rank.indexOf(current), rank.indexOf(status)];
    return now >= 0 && (next < 0 || next > now) ? status : current;
  }, start);
}

/** Everything that is waiting, or has been lost on the way. */
async function drain(client: ProviderClient): Promise<string[]> {
  const reply = await client.drainReceipts?.();
  if (!reply?.ok) return [];
  return reply.value ? [reply.value.body, ...(await drain(client))] : [];
}

describe.each(["JSON", "XML"] as const)("the adapter and its sandbox, in %s", (format) => {
  it.each(qikliScenarios.map((scenario) => [scenario.suffix, scenario.expected, scenario] as const))(
    "the Qikli adapter and its sandbox agree: scenario %s ends %s",
    async (suffix, expected) => {
      const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
      const { client, settings } = connect(sandbox, format);
      const start = await send(client, submissionTo(suffix, callbacks.url));
      const { road, copies, reports } = behaviourFor(suffix);
      const isReported = start === "SUBMITTED" && road !== "nowhere";
      const pushes = isReported && road !== "pull" ? reports.length * copies : 0;
      const pushed = (await callbacks.take(pushes)).map(({ text }) => text);
      const queued = isReported && (road === "both" || suffix === "017") ? 1 : 0;
      const pulled: string[] = [];
      await expect.poll(async () => pulled.push(...(await drain(client)))).toBe(queued);
      const bodies = [...pushed, ...pulled];
      const readings = bodies.map((body) => qikli.parseCallback(body, settings));
      const receipts = readings.flatMap((reading) => (reading.kind === "receipts" ? reading.receipts : []));
      expect(receipts).toHaveLength(bodies.length);
      expect(fold(start, receipts)).toBe(expected);
      for (const { clientRef } of receipts) expect(clientRef).toBe(submissionTo(suffix).messageId);
    },
  );

  it("the Qikli adapter checks the credentials at its sandbox without taking a report", async () => {
    const sandbox = await startQikli();
    const { client, settings } = connect(sandbox, format);
    await client.submit(submissionTo("000"));
    expect(await client.check()).toMatchObject({ ok: true });
    const drained = await client.drainReceipts?.();
    const body = drained?.ok ? (drained.value?.body ?? "") : "";
    expect(qikli.parseCallback(body, settings)).toMatchObject({
      receipts: [{ status: "DELIVERED", cost: "0.01" }],
    });
    const { client: stranger } = connect({ ...sandbox, password: "wrong" }, format);
    expect(await stranger.check()).toMatchObject({ ok: false, problem: { kind: "unauthenticated" } });
    expect(await stranger.submit(submissionTo("000"))).toMatchObject({
      failure: { code: "provider_unauthenticated" },
    });
  });

  it("the Qikli adapter says what is asked of the vendor, and nothing else", async () => {
    const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
    const { client } = connect(sandbox, format);
    await client.submit(submissionTo("000", callbacks.url));
    const [push] = await callbacks.take(1);
    const type = format === "JSON" ? "application/json" : "application/xml";
    expect(push?.headers["content-type"]).toBe(type);
    expect(sandbox.requests).toMatchObject([
      { method: "POST", headers: { "content-type": type, accept: type } },
    ]);
  });
});
