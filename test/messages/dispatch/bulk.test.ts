import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createWorkerPlaces } from "../../../src/lanes/provider-places.ts";
import type { Connection } from "../../../src/connections/connections.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { lookUpMessages } from "../../../src/messages/receipts/look-up.ts";
import { reconcileMessages } from "../../../src/messages/receipts/reconcile.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import type { E164, Submission, SubmitOutcome } from "../../../src/providers/provider.ts";
import { twins } from "../../../src/sandbox/twins.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { queueMessage } from "../../support/callbacks.ts";

/**
 * Messages that were submitted together: each is found again by its own receipt, look-up or reconciliation.
 */

let app: TestApp;
let now: number;
const clock = { now: () => new Date(now) };
const logger = createLogger({ level: "silent" });

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, providerLimits: { totalTimeoutMs: 700 } });
});

afterAll(() => app.stop());

beforeEach(() => {
  now = Date.now();
});

async function connect(kind: string): Promise<{ connection: Connection; shownId: string }> {
  const twin = twins.find((one) => one.kind === kind);
  const server = await twin?.start({ immediate: true });
  onTestFinished(() => server?.close());
  const input = { [kind.toLowerCase()]: { name: kind, baseUrl: server?.url, ...server?.credentials } };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    "mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }",
    { input },
  );
  const shownId = connectProvider.id;
  const connection = await app.services.connections.get(decodeId("Provider", shownId));
  if (!connection) throw new Error("The connection is gone");
  return { connection, shownId };
}

/** Stores messages for these scenarios, submits them together, and records how they ended. */
async function submitTogether(kind: string, suffixes: readonly string[]) {
  const { connection, shownId } = await connect(kind);
  const submissions: Submission[] = [];
  for (const [index, suffix] of suffixes.entries()) {
    const to = `+42190${1000 + index}${suffix}`;
    const messageId = await queueMessage(app, { to, providerId: shownId, from: "smsgraph" });
    submissions.push({
      messageId,
      to: to as E164,
      from: "smsgraph",
      text: "Hello",
      encoding: "GSM7",
      segments: 1,
      flash: false,
      priority: "NORMAL",
      callbackUrl: app.services.connections.callbackUrl(connection),
    });
  }
  const outcomes = (await connection.client.submitMany?.(submissions)) ?? [];
  await app.services.database.transaction((transaction) =>
    applyChanges(
      transaction,
      submissions.flatMap(({ messageId }, index) => changesOf(messageId, outcomes[index])),
    ),
  );
  const ids = submissions.map(({ messageId }) => messageId);
  return { ids, outcomes, providerId: connection.row.id };
}

function changesOf(messageId: string, outcome: SubmitOutcome | undefined) {
  const base = { messageId, source: "DISPATCH", receivedAt: clock.now() } as const;
  const ids = outcome?.kind === "accepted" ? outcome : {};
  const status = outcome?.kind === "accepted" ? ("SUBMITTED" as const) : ("OUTCOME_UNKNOWN" as const);
  const { providerMessageId, providerBatchId } = ids as {
    providerMessageId?: string;
    providerBatchId?: string;
  };
  return [
    { ...base, status: "SUBMITTING" as const },
    { ...base, status, providerMessageId, providerBatchId },
  ];
}

const statusesOf = async (ids: readonly string[]): Promise<string[]> => {
  const rows = await app.services.database.prisma.message.findMany({ where: { id: { in: [...ids] } } });
  return ids.map((id) => rows.find((row) => row.id === id)?.status ?? "");
};

const places = createWorkerPlaces(20);
const options = () => ({ ...app.services, clock, logger, places });
const all = (ids: readonly string[], status: string) => ids.map(() => status);

describe.each(["TIKOSMS", "QIKLI"])("bulk requests of %s", (kind) => {
  it("receipts find each message of a bulk request", async () => {
    const { ids, outcomes } = await submitTogether(kind, ["000", "000", "001", "006"]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(all(ids, "accepted"));
    const wanted = ["DELIVERED", "DELIVERED", "UNDELIVERED", "DELIVERED"];
    await expect.poll(() => statusesOf(ids)).toEqual(wanted);
  });

  it.each(["009", "012", "019", "023"])(
    "each message of a bulk request is looked up after scenario %s",
    async (suffix) => {
      const { ids, outcomes } = await submitTogether(kind, [suffix, "005", "005"]);
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(all(ids, "ambiguous"));
      await reconcileMessages(options(), ids, { isRepeated: false });
      const found = await statusesOf(ids);
      for (const status of found) expect(["SUBMITTED", "SENT", "DELIVERED"]).toContain(status);
    },
  );
});

it("reconciliation finds messages named by their campaign alone, and sees which were left out", async () => {
  const { ids, outcomes, providerId } = await submitTogether("TIKOSMS", ["017", "005", "013"]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(all(ids, "accepted"));
  await expect
    .poll(async () => {
      await lookUpMessages(options(), { providerId, messageIds: ids });
      return statusesOf(ids);
    })
    .toEqual(["DELIVERED", "SENT", "SUBMITTED"]);
  now += 11 * 60_000;
  await lookUpMessages(options(), { providerId, messageIds: ids });
  expect(await statusesOf(ids)).toEqual(["DELIVERED", "SENT", "FAILED"]);
});
