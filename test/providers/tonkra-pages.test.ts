import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createRandom } from "../../src/sandbox/random.ts";
import { Pages } from "../../src/providers/tonkra/pages.ts";
import type { Page, Row } from "../../src/providers/tonkra/wire.ts";

const size = 25;

interface Behaviour {
  /** Messages that come in between two requests, at the top. */
  added: (fraction: () => number) => number;
  /** How likely a message is to come into the list late, behind newer ones. */
  late?: number;
  /** How likely a message is to be taken out of it. */
  removed?: number;
}

/** A list of so many messages that changes while it is read, on a server that answers in any order. */
function changingList(count: number, seed: number, { added, late = 0, removed = 0 }: Behaviour) {
  const random = createRandom(`${seed}`);
  const fraction = (): number => random.fraction();
  let made = 0;
  const make = (): Row => ({ uid: `new-${made++}` }) as Row;
  const rows: Row[] = Array.from({ length: count }, (_, index) => ({ uid: `old-${index}` }) as Row);
  const gone = new Set<string>();
  let requests = 0;
  const wait = async (): Promise<void> => {
    for (let turns = Math.floor(fraction() * 8); turns >= 0; turns--) await turn();
  };
  const ask = async (number: number): Promise<{ ok: true; value: Page }> => {
    requests++;
    await wait();
    for (let more = added(fraction); more > 0; more--) rows.unshift(make());
    if (fraction() < late) rows.splice(Math.floor(fraction() * 60), 0, make());
    if (fraction() < removed) gone.add(rows.splice(Math.floor(fraction() * rows.length), 1)[0]?.uid ?? "");
    const page = rows.slice((number - 1) * size, number * size);
    const value = { rows: page, size: page.length, total: rows.length, isLast: number * size >= rows.length };
    await wait();
    return { ok: true, value };
  };
  const add = (several: number): void => {
    for (let more = several; more > 0; more--) rows.unshift(make());
  };
  return { ask, add, gone, requestsMade: () => requests };
}

async function readAll(pages: Pages): Promise<string[]> {
  const uids: string[] = [];
  for (let number = 0; number < 1_000; number++) {
    const reply = await pages.next();
    if (!reply.ok) throw new Error(reply.problem.kind);
    uids.push(...reply.value.rows.map(({ uid = "" }) => uid));
    if (reply.value.isLast) return uids;
  }
  throw new Error("The list has no end.");
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

test.each<[string, Behaviour]>([
  ["stands still", { added: () => 0 }],
  ["grows slowly", { added: (fraction) => (fraction() < 0.3 ? 1 : 0) }],
  ["grows by up to ten rows a request", { added: (fraction) => Math.floor(fraction() * 10) }],
  ["gets rows late, behind newer ones", { added: () => 1, late: 0.3 }],
  ["loses rows", { added: () => 0, removed: 0.1 }],
])("no row of a list at Tonkra that %s is missed", async (_name, behaviour) => {
  for (const seed of seeds) {
    const { ask, gone } = changingList(600, seed, behaviour);
    const uids = new Set(await readAll(new Pages(ask)));
    const missed = Array.from({ length: 600 }, (_, index) => `old-${index}`).filter(
      (uid) => !uids.has(uid) && !gone.has(uid),
    );
    expect({ seed, missed }).toEqual({ seed, missed: [] });
  }
});

test("a list at Tonkra that grows by more than a page while one is read comes to its end all the same", async () => {
  let added = 0;
  const { ask, requestsMade } = changingList(1_000, 1, {
    // Once the first pages are read, 30 rows for each four requests, until 3,000 were added.
    added: () => (++added % 4 === 0 && added < 400 ? 30 : 0),
  });
  const uids = await readAll(new Pages(ask));
  expect(new Set(uids.filter((uid) => uid.startsWith("old"))).size).toBe(1_000);
  expect(requestsMade()).toBeLessThan(400);
});

test.each([2, 6, 12])(
  "a list at Tonkra is read while %i messages come in with each turn of a slow server",
  async (perTurn) => {
    for (const seed of [1, 2, 3]) {
      const { ask, add, requestsMade } = changingList(1_000, seed, { added: () => 0 });
      // A request takes nine turns on average: with twelve messages in each, that is more than four pages.
      const over = new AbortController();
      const growing = (async () => {
        for (let turns = 0; turns < 400 && !over.signal.aborted; turns++) {
          add(perTurn);
          await turn();
        }
      })();
      const uids = new Set(await readAll(new Pages(ask)));
      over.abort();
      await growing;
      const missed = Array.from({ length: 1_000 }, (_, index) => `old-${index}`).filter(
        (uid) => !uids.has(uid),
      );
      expect({ seed, missed }).toEqual({ seed, missed: [] });
      expect(requestsMade()).toBeLessThan(1_000);
    }
  },
);
