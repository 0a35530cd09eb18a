import { decodeCursor, encodeCursor } from "../log/event-log.ts";
import { feedColumnCount, type FeedRow } from "../log/event-rows.ts";
import type { Position } from "../log/logged-event.ts";

/** Changes whenever the columns of `FeedRow` do: processes of two versions may run at the same time. */
const rowFormat = 1;

/** The names of an installation at NATS. */
export class Names {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get stream(): string {
    return `${this.#prefix.toUpperCase()}_EVENTS`;
  }

  get everything(): string {
    return `${this.#prefix}.events.*.*`;
  }

  /** Not in the stream: marks are for those who listen. */
  get marks(): string {
    return `${this.#prefix}.marks`;
  }

  account(accountId: string): string {
    return `${this.#prefix}.events.${accountId}.*`;
  }

  message(accountId: string, messageId: string): string {
    return `${this.#prefix}.events.${accountId}.${messageId}`;
  }
}

/** An event's row as PostgreSQL sent it, so that nothing is converted twice. */
export const encodeRow = (row: FeedRow): string => `[${rowFormat},${JSON.stringify(row).slice(1)}`;

/** Undefined for a row of another version, and for what somebody else published. */
export const decodeRow = (text: string): FeedRow | undefined =>
  decode(text, (value) => {
    const [format, ...row] = value as [number, ...FeedRow];
    const isRow = format === rowFormat && row.length === feedColumnCount;
    return isRow && isNumeral(row[0]) && isNumeral(row[1]) ? row : undefined;
  });

const isNumeral = (text: unknown): boolean => typeof text === "string" && /^\d+$/.test(text);

/** An error in what receives a message would end the connection to NATS. */
function decode<Value>(text: string, read: (value: unknown) => Value | undefined): Value | undefined {
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export const positionOf = (row: FeedRow): Position => ({ tx: BigInt(row[1]), id: BigInt(row[0]) });

/** The id by which JetStream knows an event that it has already. */
export const idOf = (row: FeedRow): string => `${row[1]}:${row[0]}`;

/** Thirty-two random bits of the message's id. */
export const hashOf = (messageId: string): number => Number.parseInt(messageId.slice(-8), 16);

/**
 * Says that everything of the log after `from` and up to `to` has been published, and of which messages that was: by that
 * a listener knows what it has missed.
 */
export interface Mark {
  from: Position;
  to: Position;
  /** Events up to `to` have numbers up to this one in the stream; that of the last may still be being stored. */
  sequence: number;
  /** From this number on the stream is a part of the log without a gap. */
  firstSequence: number;
  /** As in `Tail`: copies that were made earlier are not to be handed out any more. */
  erasedTx: bigint;
  /** The hash of the message of each event, by account. */
  events: ReadonlyMap<string, MarkedEvents>;
}

/** One account's part of a mark. Read only by those who watch the account. */
export class MarkedEvents {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get hashes(): Uint32Array {
    const bytes = Buffer.from(this.#text, "base64");
    return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
  }
}

interface MarkText {
  from: string;
  to: string;
  sequence: number;
  firstSequence: number;
  /** Absent from a worker of an earlier version. */
  erasedTx?: string;
  events: Record<string, string>;
}

export function encodeMark(
  { from, to, erasedTx, ...rest }: Omit<Mark, "events">,
  rows: readonly FeedRow[],
): string {
  const events = Object.entries(Object.groupBy(rows, (row) => row[2])).map(([accountId, own = []]) => {
    const bytes = Buffer.alloc(own.length * 4);
    for (const [index, row] of own.entries()) bytes.writeUInt32LE(hashOf(row[3]), index * 4);
    return [accountId, bytes.toString("base64")];
  });
  return JSON.stringify({
    from: encodeCursor(from),
    to: encodeCursor(to),
    ...rest,
    erasedTx: String(erasedTx),
    events: Object.fromEntries(events),
  });
}

/** Undefined for what somebody else published. */
export const decodeMark = (text: string): Mark | undefined =>
  decode(text, (value) => {
    const { from, to, events, erasedTx = "0", ...rest } = value as MarkText;
    const [after, until] = [decodeCursor(from), decodeCursor(to)];
    if (!after || !until) return undefined;
    const marked = Object.entries(events).map(([id, hashes]) => [id, new MarkedEvents(hashes)] as const);
    return { from: after, to: until, ...rest, erasedTx: BigInt(erasedTx), events: new Map(marked) };
  });
