import { countParts } from "../parts.ts";
import type { Random } from "../random.ts";
import { behaviourFor } from "./scenarios.ts";

/** A request to send, read and checked. */
export interface Submission {
  from: string;
  text: string;
  type: string;
  /** Milliseconds since the epoch; in the past for "now". */
  startsAt: number;
}

export interface Message extends Submission {
  uid: string;
  /** The number of the row, counted from the first. */
  id: number;
  to: string;
  parts: number;
  /** Another customer's, which only the old list shows. */
  isForeign: boolean;
}

export interface TonkraState {
  accept(submission: Submission, to: string): Message;
  message(uid: string): Message | undefined;
  /** Newest first. */
  messages(): Message[];
  /** In units. */
  balance(): number;
}

/** The balance of the vendor's dashboard. */
const openingBalance = 4_250;

/** Everything the sandbox remembers. Past `maxMessages` the oldest messages are forgotten. */
export function createState(random: Random, startedAt: number, maxMessages: number): TonkraState {
  const messages = new Map<string, Message>();
  let balance = openingBalance;
  let lastId = 990;
  // One iterator for good: a new one would have to pass over everything already deleted.
  const oldestFirst = messages.keys();

  function add(submission: Submission, to: string, isForeign: boolean): Message {
    const { parts } = countParts(submission.text);
    const message = { ...submission, uid: drawUid(random), id: ++lastId, to, parts, isForeign };
    messages.set(message.uid, message);
    const { value: oldest } = messages.size > maxMessages ? oldestFirst.next() : {};
    if (oldest !== undefined) messages.delete(oldest);
    return message;
  }

  for (const to of ["31612345678", "8801721970168"]) {
    add({ from: "Neighbour", text: "This is not yours", type: "plain", startsAt: startedAt }, to, true);
  }
  return {
    accept(submission, to) {
      const message = add(submission, to, false);
      balance -= message.parts;
      return message;
    },
    message: (uid) => messages.get(uid),
    messages: () => [...messages.values()].toReversed(),
    balance: () => balance,
  };
}

/** 13 hexadecimal digits, as PHP's `uniqid` gives them. */
function drawUid(random: Random): string {
  const digits = random.uuid().replaceAll("-", "");
  return digits.slice(0, 12) + digits.slice(-1);
}

/** What the views say of a message. It follows from the time alone: nobody is told, everybody asks. */
export function wordAt(message: Message, now: number, reportMs: number): string {
  if (now < message.startsAt) return "Pending";
  const { first, reports, slowness } = behaviourFor(message.to);
  const due = reportMs * slowness;
  const heard = due === 0 ? reports.length : Math.floor((now - message.startsAt) / due);
  return reports[Math.min(heard, reports.length) - 1] ?? first;
}
