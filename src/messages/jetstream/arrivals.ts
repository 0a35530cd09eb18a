import { behind, comparePositions, latest } from "../log/event-log.ts";
import type { FeedRow } from "../log/event-rows.ts";
import type { Position } from "../log/logged-event.ts";
import { idOf, positionOf } from "./wire.ts";

/** Beyond that the oldest are dropped; the mark then shows that they are missing. */
const maxKept = 50_000;

/** Events that have arrived, until a mark says what they are a part of. */
export class Arrivals {
  readonly #rows = new Map<string, { row: FeedRow; position: Position }>();
  #dropped: Position = behind(0n);

  add(row: FeedRow): void {
    const position = positionOf(row);
    if (comparePositions(position, this.#dropped) <= 0) return;
    this.#rows.set(idOf(row), { row, position });
    if (this.#rows.size <= maxKept) return;
    for (const key of this.#rows.keys()) return void this.#rows.delete(key);
  }

  /** What has arrived of a part of the log, in its order, each once. */
  between(after: Position, until: Position): FeedRow[] {
    const found = [...this.#rows.values()].filter(
      ({ position }) => comparePositions(position, after) > 0 && comparePositions(position, until) <= 0,
    );
    return found
      .toSorted((one, other) => comparePositions(one.position, other.position))
      .map(({ row }) => row);
  }

  dropUntil(until: Position): void {
    this.#dropped = latest(this.#dropped, until);
    for (const [key, { position }] of this.#rows)
      if (comparePositions(position, this.#dropped) <= 0) this.#rows.delete(key);
  }
}
