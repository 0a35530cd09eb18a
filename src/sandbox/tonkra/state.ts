import { countParts } from "../../wire/parts.ts";
import type { Random } from "../random.ts";
import { behaviourFor } from "./scenarios.ts";

/** A send request, parsed and checked. */
export interface Submission {
  from: string;
  text: string;
  type: string;
  /** Milliseconds since the epoch; a past time means now. */
  startsAt: number;
}

export interface Message extends Submission {
  uid: string;
  /** Number of the row, counted from the first. */
  id: number;
  to: string;
  parts: number;
  /** Belongs to another customer; only the old list shows it. */
  isForeign: boolean;
}

export interface TonkraState {
  accept(submission: Submission, to: string): Message;
  message(uid: string): Message | undefined;
  /** The newest first, as they were accepted. */
  messages(): readonly Message[];
  /** Those of this customer, the last to be sent first. */
  own(): readonly Message[];
  /** Those of this customer whose recipients answer. */
  answered(): readonly Message[];
  /** In units. */
  balance(): number;
}

/** The balance on the vendor's dashboard. */
const openingBalance = 4_250;

/** The sandbox's memory. Beyond `maxMessages`, the oldest messages are dropped. */
export function createState(random: Random, startedAt: number, maxMessages: number): TonkraState {
  const messages = new Map<string, Message>();
  let balance = openingBalance;
  let lastId = 990;
  // One iterator is kept: a new one would have to skip all deleted entries.
  const oldestFirst = messages.keys();
  let lists: Lists | undefined;
  // A list of many messages is read by page after page, most of them between two submissions.
  const listed = (): Lists => (lists ??= listsOf([...messages.values()].toReversed()));

  function add(submission: Submission, to: string, isForeign: boolean): Message {
    const { parts } = countParts(submission.text);
    const message = { ...submission, uid: drawUid(random), id: ++lastId, to, parts, isForeign };
    messages.set(message.uid, message);
    lists = undefined;
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
    messages: () => listed().messages,
    own: () => listed().own,
    answered: () => listed().answered,
    balance: () => balance,
  };
}

interface Lists {
  messages: readonly Message[];
  own: readonly Message[];
  answered: readonly Message[];
}

function listsOf(messages: readonly Message[]): Lists {
  const own = messages
    .filter(({ isForeign }) => !isForeign)
    .toSorted((one, other) => other.startsAt - one.startsAt);
  return { messages, own, answered: own.filter(({ to }) => behaviourFor(to).says !== undefined) };
}

/** 13 hexadecimal digits, as from PHP's `uniqid`. */
function drawUid(random: Random): string {
  const digits = random.uuid().replaceAll("-", "");
  return digits.slice(0, 12) + digits.slice(-1);
}

/** The status of a message. It depends only on the time, since there are no callbacks and clients poll. */
export function wordAt(message: Message, now: number, reportMs: number): string {
  if (now < message.startsAt) return "Pending";
  const { first, reports, slowness } = behaviourFor(message.to);
  const due = reportMs * slowness;
  const heard = due === 0 ? reports.length : Math.floor((now - message.startsAt) / due);
  return reports[Math.min(heard, reports.length) - 1] ?? first;
}
