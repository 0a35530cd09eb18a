import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { AnswerTurns } from "../../../src/graphql/live/answer-turns.ts";

const alone = () => false;
const beside = () => true;

/** Keeps the process for so long. */
function busy(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

const twentyMs = (): Promise<void> => {
  busy(20);
  return Promise.resolve();
};

it("answers with few events are made at once, side by side", async () => {
  const turns = new AnswerTurns(alone);
  const begun: number[] = [];
  const end = Promise.withResolvers<void>();
  const answers = [1, 2, 3].map((place) =>
    turns.run("account", 1, async () => {
      begun.push(place);
      await end.promise;
      return place;
    }),
  );
  expect(begun).toEqual([1, 2, 3]);
  end.resolve();
  expect(await Promise.all(answers)).toEqual([1, 2, 3]);
});

it("of answers with many events an account has one made at a time, and another account its own", async () => {
  const turns = new AnswerTurns(alone);
  const [underWay, most] = [new Map<string, number>(), new Map<string, number>()];
  const make = (holder: string) => async (): Promise<void> => {
    const now = (underWay.get(holder) ?? 0) + 1;
    underWay.set(holder, now);
    most.set(holder, Math.max(most.get(holder) ?? 0, now));
    await pause(5);
    underWay.set(holder, (underWay.get(holder) ?? 0) - 1);
  };
  await Promise.all(
    ["one", "other"].flatMap((holder) =>
      Array.from({ length: 5 }, () => turns.run(holder, 500, make(holder))),
    ),
  );
  expect([...most]).toEqual([
    ["one", 1],
    ["other", 1],
  ]);
});

it("an answer that fails fails alone", async () => {
  const turns = new AnswerTurns(alone);
  const failing = turns.run("account", 500, () => Promise.reject(new Error("failed")));
  const next = turns.run("account", 500, () => Promise.resolve("made"));
  await expect(failing).rejects.toThrow("failed");
  expect(await next).toBe("made");
});

it.each([
  ["with few events", 1],
  ["with many", 500],
])("while another account asks, answers of one that has had much wait: %s", async (_name, events) => {
  const turns = new AnswerTurns(beside);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 30 }, () => turns.run("greedy", events, twentyMs)));
  // Six hundred milliseconds of work: two hundred at once, and as much as comes back of each second meanwhile.
  expect(performance.now() - startedAt).toBeGreaterThan(800);
});

it("an answer that waited for the database is not paid for", async () => {
  const turns = new AnswerTurns(beside);
  await turns.run("account", 100, () => pause(600));
  // Whoever waited in line has begun by then.
  await pause(20);
  let isMade = false;
  void turns.run("account", 1, () => {
    isMade = true;
    return Promise.resolve();
  });
  expect(isMade).toBe(true);
});

it("an account that nobody waits for does not wait", async () => {
  const turns = new AnswerTurns(alone);
  for (let place = 0; place < 20; place++) await turns.run("account", 1, twentyMs);
  let isMade = false;
  void turns.run("account", 1, () => {
    isMade = true;
    return Promise.resolve();
  });
  expect(isMade).toBe(true);
});
