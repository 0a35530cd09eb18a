import type { ProviderReply } from "../provider.ts";
import type { Page } from "./wire.ts";

/** So many pages are asked for at the same time, once a list has shown to be long: after so many pages one more. */
const maxAhead = 10;
const pagesPerAhead = 5;

/** How often in a row nothing that was asked for may continue the list. */
const maxStalls = 5;
const torn: ProviderReply<Page> = {
  ok: false,
  problem: { kind: "unreadable", detail: "The pages of the list do not continue each other." },
};

/** Of what was measured before, with each page that shows less. */
const driftKept = 0.9;

interface NumberedPage {
  number: number;
  page: Page;
}

interface Arrival {
  number: number;
  reply: ProviderReply<Page>;
  /** The total that was known when it was asked for. */
  totalBefore: number | undefined;
}

/** A list that tells its total. A row keeps its place, counted from the end, when others are added in front of it. */
interface Places {
  /** Rows on a page. */
  size: number;
  /** Rows in all, as told last. */
  total: number;
  /** The place of the last row that was delivered, if none was added behind it since. */
  last: number;
}

/**
 * The pages of a list that is sorted newest first, in their order and without a gap, several of them asked for at once. Each
 * new message pushes the rows behind it down by one. So a page may lack rows that were pushed over its edge after it was
 * read, and where messages come in faster than pages are turned, the next number would show nothing new for ever. So the
 * totals tell which number to ask for, and what comes next is only a page that has a row of the last one, too, or the next
 * number while nothing was added. Without totals one page is asked for after the other.
 */
export class Pages {
  readonly #ask: (number: number) => Promise<ProviderReply<Page>>;
  readonly #onTheWay = new Map<number, Promise<Arrival>>();
  /** Have arrived, and wait for what is in front of them. */
  #waiting: NumberedPage[] = [];
  #places: Places | undefined;
  #delivered = 0;
  #last: NumberedPage | undefined;
  #stalls = 0;
  /** Rows that were added while a page was asked for, of late. They push the row that is looked for down so far. */
  #drift = 0;
  #failure: ProviderReply<Page> | undefined;

  constructor(ask: (number: number) => Promise<ProviderReply<Page>>) {
    this.#ask = ask;
  }

  /** @throws what asking for a page throws */
  async next(): Promise<ProviderReply<Page>> {
    for (;;) {
      const places = this.#places;
      const last = this.#last;
      if (!places || !last) return this.#oneByOne();
      if (this.#stalls > maxStalls) return torn;
      const next = this.#takeNext(last);
      if (next) return this.#deliver(next);
      if (this.#failure && this.#onTheWay.size === 0) return this.#failure;
      if (!this.#failure) this.#askAhead(places);
      if (this.#onTheWay.size > 0) await this.#arrival(places);
      if (this.#onTheWay.size > 0 || this.#failure || continuing(last, this.#waiting).length > 0) continue;
      // The row that was last is where nobody looked: rows were added or taken away meanwhile.
      this.#stalls++;
      const number = pageOf(places, places.last);
      const farthest = number + 1 + this.#driftOf(places);
      for (let near = Math.max(1, number - 1); near <= farthest; near++) this.#begin(near);
    }
  }

  async #oneByOne(): Promise<ProviderReply<Page>> {
    this.#waiting = [];
    const number = (this.#last?.number ?? 0) + 1;
    const reply = await this.#ask(number);
    return reply.ok ? this.#deliver({ number, page: reply.value }) : reply;
  }

  #deliver(next: NumberedPage): ProviderReply<Page> {
    const { number, page } = next;
    const { total, size, rows } = page;
    const pageSize = this.#places?.size ?? size;
    const isFull = size === pageSize && rows.at(-1)?.uid !== undefined;
    // A total by which there is nothing behind this page is none: it says itself when it is the last.
    const isPlaced = isFull && total !== undefined && total > number * pageSize;
    this.#places = isPlaced
      ? { size: pageSize, total: this.#places?.total ?? total, last: total - number * pageSize }
      : undefined;
    this.#delivered++;
    this.#last = next;
    this.#stalls = 0;
    return { ok: true, value: page };
  }

  /** The page that continues the last one, with the most that is new. */
  #takeNext(last: NumberedPage): NumberedPage | undefined {
    const next = continuing(last, this.#waiting).toSorted(
      (one, other) => newRows(other, last) - newRows(one, last),
    )[0];
    this.#waiting = this.#waiting.filter((one) => one !== next).slice(-2 * maxAhead);
    return next;
  }

  /** Asks for the pages on which the next rows are, if none has been added since. */
  #askAhead(places: Places): void {
    const most = Math.min(
      maxAhead,
      Math.max(1 + Math.floor(this.#delivered / pagesPerAhead), 1 + this.#driftOf(places)),
    );
    let number = pageOf(places, places.last - 1);
    const end = Math.ceil(places.total / places.size);
    for (; number <= end && this.#onTheWay.size < most; number++) {
      const isThere = this.#waiting.some((one) => one.number === number && one.page.total === places.total);
      if (!isThere) this.#begin(number);
    }
  }

  /** In pages. */
  #driftOf({ size }: Places): number {
    return Math.min(maxAhead, Math.ceil(this.#drift / size));
  }

  /** When the walk ends early, nobody waits for the pages on their way: their errors must not end the process. */
  #begin(number: number): void {
    if (this.#onTheWay.has(number)) return;
    const totalBefore = this.#places?.total;
    const arrival = this.#ask(number).then((reply) => ({ number, reply, totalBefore }));
    arrival.catch(() => undefined);
    this.#onTheWay.set(number, arrival);
  }

  async #arrival(places: Places): Promise<void> {
    const { number, reply, totalBefore } = await Promise.race(this.#onTheWay.values());
    this.#onTheWay.delete(number);
    if (!reply.ok) {
      this.#failure = reply;
      return;
    }
    const { total = places.total } = reply.value;
    this.#drift = Math.max(total - (totalBefore ?? total), Math.floor(this.#drift * driftKept));
    places.total = total;
    this.#waiting.push({ number, page: reply.value });
  }
}

/** The number of the page on which a place is. */
const pageOf = ({ size, total }: Places, place: number): number =>
  Math.max(1, Math.floor((total - 1 - place) / size) + 1);

/** Rows that the last page does not have. */
function newRows({ page: { rows } }: NumberedPage, { page }: NumberedPage): number {
  const known = new Set(page.rows.map(({ uid }) => uid));
  return rows.filter(({ uid }) => !known.has(uid)).length;
}

/** The pages that show what comes behind the last one, without a gap. */
function continuing(last: NumberedPage, waiting: readonly NumberedPage[]): NumberedPage[] {
  const known = new Set(last.page.rows.map(({ uid }) => uid));
  const ends = ({ page }: NumberedPage): boolean => known.has(page.rows.at(-1)?.uid);
  const overlapping = waiting.filter(({ page }) => page.rows.some(({ uid }) => known.has(uid)));
  // A page that ends with a known row is as good as the last one for telling what comes behind it.
  const ending = [last, ...overlapping.filter(ends)];
  return waiting.filter(
    (one) =>
      ending.some(({ number, page }) => one.number === number + 1 && one.page.total === page.total) ||
      (overlapping.includes(one) && (one.page.isLast || !ends(one))),
  );
}
