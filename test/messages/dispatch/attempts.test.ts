import { afterAll, beforeAll, expect, it } from "vitest";
import { finishAttempts, startAttempts } from "../../../src/messages/dispatch/attempts.ts";
import { readForDispatch } from "../../../src/messages/dispatch/dispatch-message.ts";
import type { SubmitOutcome } from "../../../src/providers/provider.ts";
import { openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
afterAll(() => store.close());

const startedAt = new Date("2026-01-31T08:00:00.000Z");
const finishedAt = new Date("2026-01-31T08:00:01.000Z");

const accepted: SubmitOutcome = { kind: "accepted", providerMessageId: "m1" };
const ambiguous: SubmitOutcome = { kind: "ambiguous", reason: "no answer" };
const retryable: SubmitOutcome = { kind: "retryable", reason: "busy" };

/** Which of these outcomes of one attempt count as news, one after the other. */
async function newsAmong(outcomes: readonly SubmitOutcome[]): Promise<boolean[]> {
  const [draft] = await store.store([{}]);
  const message = await readForDispatch(store.database, draft?.id ?? "");
  if (!message) throw new Error("not stored");
  await startAttempts(store.database, [message], startedAt);
  const news: boolean[] = [];
  for (const outcome of outcomes) {
    const noted = await finishAttempts(store.database, [{ message, attempt: 1, outcome, finishedAt }]);
    news.push(noted.length === 1);
  }
  return news;
}

it.each([accepted, ambiguous, retryable])("the outcome $kind of an attempt counts once", async (outcome) => {
  expect(await newsAmong([outcome, outcome])).toEqual([true, false]);
});

it("an answer to an attempt that was closed as ambiguous still counts", async () => {
  expect(await newsAmong([ambiguous, accepted, accepted])).toEqual([true, true, false]);
});

it("an attempt with an answer cannot become ambiguous or retryable afterwards", async () => {
  expect(await newsAmong([accepted, ambiguous])).toEqual([true, false]);
  expect(await newsAmong([ambiguous, retryable])).toEqual([true, false]);
});
