import { afterEach, beforeEach, expect, it } from "vitest";
import type { Lane } from "../../src/database/generated/client.ts";
import { recordSignals } from "../../src/lanes/breaker.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../support/stored-messages.ts";

let store: MessageStore;
let seconds: number;

const at = (): Date => new Date(acceptedAt.getTime() + seconds * 1000);

beforeEach(async () => {
  store = await openMessageStore();
  seconds = 0;
  await store.database.prisma.lane.create({ data: { providerId: store.providerId, closedAt: acceptedAt } });
});

afterEach(() => store.close());

/** Attempts that end one second after the other. */
async function attempts(count: number, outcome: "accepted" | "retryable"): Promise<Lane> {
  const { prisma } = store.database;
  const { providerId } = store;
  for (let index = 0; index < count; index++) {
    seconds++;
    const [draft] = await store.store([{}]);
    const messageId = draft?.id ?? "";
    const startedAt = at();
    await prisma.attempt.create({
      data: { messageId, number: 1, providerId, startedAt, finishedAt: startedAt, outcome },
    });
    await store.database.transaction((transaction) =>
      recordSignals(transaction, [{ providerId, startedAt, failed: outcome === "retryable" }], at()),
    );
  }
  return prisma.lane.findUniqueOrThrow({ where: { providerId } });
}

/** The probe that a lane lets through once its time is over. */
async function probe(outcome: "accepted" | "retryable"): Promise<Lane> {
  const { prisma } = store.database;
  const { providerId } = store;
  seconds += 400;
  const openUntil = new Date(at().getTime() + 45_000);
  await prisma.lane.update({ where: { providerId }, data: { breaker: "HALF_OPEN", openUntil } });
  return attempts(1, outcome);
}

it("the breaker opens after ten failures, and for twice as long each time it is on trial", async () => {
  expect((await attempts(9, "retryable")).breaker).toBe("CLOSED");
  expect(await attempts(1, "retryable")).toMatchObject({ breaker: "OPEN", openSeconds: 10 });
  expect(await probe("retryable")).toMatchObject({ breaker: "OPEN", openSeconds: 20 });
  expect((await probe("accepted")).breaker).toBe("CLOSED");
  // On trial three failures are enough.
  expect((await attempts(2, "retryable")).breaker).toBe("CLOSED");
  expect(await attempts(1, "retryable")).toMatchObject({ breaker: "OPEN", openSeconds: 40 });
});

it("the breaker starts afresh when it has passed the trial", async () => {
  await attempts(10, "retryable");
  expect((await probe("accepted")).breaker).toBe("CLOSED");
  seconds += 61;
  expect((await attempts(9, "retryable")).breaker).toBe("CLOSED");
  expect(await attempts(1, "retryable")).toMatchObject({ breaker: "OPEN", openSeconds: 10 });
});

it("the breaker stays closed on trial while most attempts succeed", async () => {
  await attempts(10, "retryable");
  await probe("accepted");
  await attempts(4, "accepted");
  expect((await attempts(3, "retryable")).breaker).toBe("CLOSED");
});
