import { defaultValidity } from "../../wire/telekom/requests.ts";
import type { SandboxParts } from "../start.ts";
import { groups } from "./groups.ts";
import { callback, postback, type StatusWord } from "../../wire/telekom/rows.ts";
import type { TelekomBehaviour } from "./behaviour.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Message } from "./state.ts";

/** Delays after acceptance at which the status changes, varied by up to a fifth. */
export interface Delays {
  /** Until the first status, usually `SENT`. */
  sentMs: number;
  /** Until the second, usually `DELIVERED`; a third takes twice as long, and so on. */
  finalMs: number;
}

interface DeliveryOptions extends Pick<SandboxParts, "clock" | "timers" | "random" | "sender"> {
  delays: Delays;
  /** Where the API key has its callbacks posted, if anywhere. */
  callbackUrl: () => string | undefined;
}

export interface Delivery {
  /**
   * Prepares the statuses of a message. Nothing happens until the returned function is called, except for
   * scenarios in which the first callback comes before the answer.
   */
  prepare(message: Message): Promise<() => void>;
}

interface Step {
  word: StatusWord;
  /** Counted from the step before. */
  waitMs: number;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  return {
    async prepare(message) {
      const { callbackBeforeAnswer } = behaviourFor(message.to);
      const [first, ...others] = planSteps(message, options);
      if (callbackBeforeAnswer && first && message.status === "QUEUED") {
        await takeSteps(message, [{ ...first, waitMs: 0 }], options);
        return () => void finish(message, others, options);
      }
      const all = first ? [first, ...others] : [];
      return () => void finish(message, all, options);
    },
  };
}

/** All steps of a message, in order. */
function planSteps(message: Message, { clock, random, delays }: DeliveryOptions): Step[] {
  const { startsAt, validity = defaultValidity, groupId } = message.submission;
  const isPaused = groups.some(({ id, isPaused: paused }) => paused && id === groupId);
  const startsInMs = Math.max(0, startsAt - clock.now());
  const factor = 0.8 + 0.4 * random.fraction();
  if (isPaused) return [{ word: "EXPIRED", waitMs: startsInMs + validity * 60_000 }];
  const behaviour = behaviourFor(message.to);
  let elapsedMs = 0;
  return orderedWords(behaviour).map((word, index) => {
    const usualMs = index === 0 ? delays.sentMs : delays.finalMs * index * behaviour.slowness;
    const dueMs = startsInMs + Math.round(usualMs * factor);
    const waitMs = Math.max(0, dueMs - elapsedMs);
    elapsedMs += waitMs;
    return { word, waitMs };
  });
}

function orderedWords({ words, reversed }: TelekomBehaviour): readonly StatusWord[] {
  return reversed ? words.toReversed() : words;
}

async function finish(message: Message, steps: readonly Step[], options: DeliveryOptions): Promise<void> {
  await takeSteps(message, steps, options);
  const { says } = behaviourFor(message.to);
  if (says === undefined) return;
  const body = postback({ ...message, channel: "rcs" }, says, options.clock.now());
  await post(message, JSON.stringify(body), options);
}

/** In sequence: a callback is posted when the one before was answered or failed. */
async function takeSteps(message: Message, steps: readonly Step[], options: DeliveryOptions): Promise<void> {
  const { reversed, words } = behaviourFor(message.to);
  for (const { word, waitMs } of steps) {
    await options.timers.wait(waitMs);
    const now = options.clock.now();
    // Only callbacks are out of order: in look-ups the status never goes back.
    if (!reversed || word === words.at(-1)) message.status = word;
    if (word === "DELIVERED") message.deliveredAt = now;
    await post(message, printCallback(message, word, now), options);
  }
}

async function post(message: Message, body: string, { sender, callbackUrl }: DeliveryOptions): Promise<void> {
  const { callbacks, copies } = behaviourFor(message.to);
  const url = message.submission.callback && callbacks === "sent" ? callbackUrl() : undefined;
  if (url === undefined) return;
  for (let copy = 0; copy < copies; copy++) await sender.send(url, body);
}

function printCallback(message: Message, word: StatusWord, now: number): string {
  const body = callback(message, word, now);
  const { printing } = behaviourFor(message.to);
  if (printing === "literal") return printLiterally(body);
  return JSON.stringify(printing === "textId" ? { ...body, messageId: String(message.id) } : body);
}

/** As in the documentation, with a comma after the only member of `delivery`. */
function printLiterally(body: object): string {
  return JSON.stringify(body, undefined, 2).replace(/^( {4}"status": ".*")$/m, "$1,");
}
