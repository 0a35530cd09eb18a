import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TooManyRequestsError } from "../../src/lib/errors.ts";
import { FileReader } from "../../src/spreadsheets/file-reader.ts";
import { openTable } from "../../src/spreadsheets/open-table.ts";
import { UnreadableTableError } from "../../src/spreadsheets/table.ts";

const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

async function* fileOf(text: string) {
  yield Buffer.from(text);
}

const readersOf = (holder: string, count: number) =>
  Array.from({ length: count }, () => new FileReader({ holder }));

describe("reading in slices", () => {
  it("what takes long is read in smaller pieces, and what does not in larger ones again", async () => {
    const reader = new FileReader({});
    for (let piece = 0; piece < 10; piece++) {
      reader.begin();
      await reader.rest();
    }
    expect(reader.pieceLength).toBe(8_192);
    for (let piece = 0; piece < 10; piece++) {
      reader.begin();
      busy(3);
      await reader.rest();
    }
    expect(reader.pieceLength).toBe(256);
  });

  it("files of several accounts have their slices in turn, however many one account has", async () => {
    const order: string[] = [];
    const read = async (holder: string): Promise<void> => {
      const reader = new FileReader({ holder });
      for (let slice = 0; slice < 3; slice++) {
        reader.begin();
        busy(3);
        await reader.rest();
        order.push(holder);
      }
    };
    await Promise.all(["one", "one", "one", "one", "two"].map(read));
    expect(order.slice(0, 6).filter((holder) => holder === "two")).toHaveLength(3);
  });

  it("everything else runs between two slices, whatever is in the file", async () => {
    for (const text of ["to,a\n" + "\n".repeat(100_000), "to\n" + '"\n'.repeat(30_000)]) {
      const other = { turns: 0, isOver: false };
      const counting = (async () => {
        for (; !other.isOver; other.turns++) await nextTurn();
      })();
      async function* file() {
        yield Buffer.from(text);
      }
      const startedAt = performance.now();
      const { rows } = await openTable(file());
      await Array.fromAsync(rows).catch(() => "refused");
      const slices = (performance.now() - startedAt) / 2;
      other.isOver = true;
      await counting;
      // A slice may take longer while pieces become smaller, and where the machine is busy.
      expect(other.turns).toBeGreaterThan(Math.min(slices / 20, 20));
    }
  });

  it("a file is not read on when nobody waits for it any more", async () => {
    const gone = new AbortController();
    const reader = new FileReader({ signal: gone.signal });
    gone.abort();
    reader.begin();
    busy(3);
    await expect(reader.rest()).rejects.toThrow(UnreadableTableError);
  });
});

const openOf = (holder: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => openTable(fileOf("to\n1\n"), { holder })));

describe("places for files", () => {
  it("six files of an account are read at a time, and the next one has the first place that comes free", async () => {
    const tables = await openOf("reader", 6);
    const next = openTable(fileOf("to\n1\n"), { holder: "reader" });
    expect(await Promise.race([next.then(() => "has it"), nextTurn("waits")])).toBe("waits");
    await openOf("another reader", 1).then(([table]) => table?.close());
    // To its end, or closed before.
    await Array.fromAsync(tables[0]?.rows ?? []);
    for (const table of [await next, ...tables]) await table.close();
  });

  it("a file that cannot be read gives its place back", async () => {
    for (let file = 0; file < 7; file++)
      await expect(openTable(fileOf("%PDF-1.7"), { holder: "pdf" })).rejects.toThrow(UnreadableTableError);
  });
});

describe("places for workbooks", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("three workbooks of an account are unpacked at a time, and the next one has the first place that comes free", async () => {
    const readers = readersOf("account", 3);
    await Promise.all(readers.map((reader) => reader.takePlace()));
    const next = new FileReader({ holder: "account" });
    const waiting = next.takePlace();
    expect(await Promise.race([waiting.then(() => "has it"), nextTurn("waits")])).toBe("waits");
    await new FileReader({ holder: "another" }).takePlace();
    readers[0]?.leave();
    readers[0]?.leave();
    await waiting;
    for (const reader of [next, ...readers]) reader.leave();
  });

  it("a workbook that has waited too long for a place is refused, and takes none", async () => {
    const readers = readersOf("busy", 3);
    await Promise.all(readers.map((reader) => reader.takePlace()));
    const refused = new FileReader({ holder: "busy" }).takePlace();
    const outcome = refused.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await outcome).toBeInstanceOf(TooManyRequestsError);
    for (const reader of readers) reader.leave();
    const again = readersOf("busy", 3);
    await Promise.all(again.map((reader) => reader.takePlace()));
    for (const reader of again) reader.leave();
  });

  it("without a holder nobody waits", async () => {
    await Promise.all(Array.from({ length: 10 }, () => new FileReader({}).takePlace()));
  });
});
