import type { CallbackSender } from "../callback-sender.ts";
import type { Clock, Timers } from "../clock.ts";
import type { Random } from "../random.ts";
import type { TikosmsBehaviour } from "./behaviour.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Campaign, Message } from "./state.ts";
import { createCallback, updateCallback, type StatusWord } from "../../wire/tikosms/rows.ts";
import { factsOf } from "./state.ts";

/** Delays of the callbacks after acceptance, varied by up to a fifth. */
export interface Delays {
  createMs: number;
  updateMs: number;
}

interface DeliveryOptions {
  clock: Clock;
  timers: Timers;
  random: Random;
  sender: CallbackSender;
  delays: Delays;
}

export interface Delivery {
  /**
   * Prepares the callbacks of a campaign's messages. Nothing happens until the returned function is called,
   * except for scenarios in which the create callback comes before the answer.
   */
  prepare(campaign: Campaign): Promise<() => void>;
}

interface Step {
  event: "create" | "update";
  part: number;
  status: StatusWord;
  /** Counted from the step before. */
  waitMs: number;
}

interface Journey {
  message: Message;
  steps: Step[];
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { clock, random, delays } = options;

  return {
    async prepare(campaign) {
      const journeys: Journey[] = campaign.messages.map((message) => {
        const factor = 0.8 + 0.4 * random.fraction();
        return { message, steps: planSteps(message, scaled(delays, factor)) };
      });
      const early = campaign.startsAt > clock.now() ? [] : journeys.filter(isCreatedEarly);
      const created = early.map(({ message, steps }) =>
        takeSteps(campaign, message, steps.splice(0, message.parts.length), options),
      );
      await Promise.all(created);
      return () => {
        void startJourneys(campaign, journeys, options);
      };
    },
  };
}

const isCreatedEarly = ({ message }: Journey): boolean => behaviourFor(message.to).createBeforeAnswer;

async function startJourneys(
  campaign: Campaign,
  journeys: readonly Journey[],
  options: DeliveryOptions,
): Promise<void> {
  await options.timers.wait(campaign.startsAt - options.clock.now());
  for (const { message, steps } of journeys) void takeSteps(campaign, message, steps, options);
}

/** All steps of a message, in order. */
function planSteps(message: Message, delays: Delays): Step[] {
  const behaviour = behaviourFor(message.to);
  let elapsedMs = 0;
  return orderedEvents(behaviour, message.parts.length).map((event) => {
    const dueMs = event.round === 0 ? delays.createMs : delays.updateMs * behaviour.slowness * event.round;
    const waitMs = Math.max(0, dueMs - elapsedMs);
    elapsedMs += waitMs;
    return { event: event.round === 0 ? "create" : "update", part: event.part, status: event.status, waitMs };
  });
}

interface PartEvent {
  part: number;
  /** 0 is the create callback, 1 the first update. */
  round: number;
  status: StatusWord;
}

const orderings: Readonly<
  Record<TikosmsBehaviour["order"], (creates: PartEvent[], updates: PartEvent[]) => PartEvent[]>
> = {
  createFirst: (creates, updates) => [...creates, ...updates],
  updateFirst: (creates, updates) => [...updates, ...creates],
  partByPart: (creates, updates) =>
    [...creates, ...updates].toSorted((one, other) => other.part - one.part || one.round - other.round),
};

function orderedEvents({ finals, lastPartFails, order }: TikosmsBehaviour, parts: number): PartEvent[] {
  const creates: PartEvent[] = [];
  const updates: PartEvent[] = [];
  for (let part = 1; part <= parts; part++) creates.push({ part, round: 0, status: "SENT" });
  for (const [index, word] of finals.entries()) {
    for (const { part } of creates) {
      const status = lastPartFails && part === parts ? "UNDELIV" : word;
      updates.push({ part, round: index + 1, status });
    }
  }
  return orderings[order](creates, updates);
}

/** In sequence: a callback is posted when the one before was answered or failed. */
async function takeSteps(
  campaign: Campaign,
  message: Message,
  steps: readonly Step[],
  { clock, timers, sender }: DeliveryOptions,
): Promise<void> {
  const behaviour = behaviourFor(message.to);
  for (const step of steps) {
    await timers.wait(step.waitMs);
    const now = clock.now();
    if (step.event === "update") applyUpdate(campaign, message, step, now);
    const { callbackUrl } = message;
    if (callbackUrl === null || behaviour.callbacks === "withheld") continue;
    const body = printCallback(campaign, message, step, now);
    for (let copy = 0; copy < behaviour.copies; copy++) await sender.send(callbackUrl, body);
  }
}

function applyUpdate(campaign: Campaign, message: Message, { part, status }: Step, now: number): void {
  message.parts[part - 1] = { status, deliveredAt: status === "DELIVRD" ? now : null };
  campaign.updatedAt = now;
}

function printCallback(campaign: Campaign, message: Message, step: Step, now: number): string {
  const { part, status } = step;
  const report = { message: factsOf(campaign, message), part, parts: message.parts.length, status };
  if (step.event === "update") return JSON.stringify(updateCallback(report, now));
  const callback = createCallback(report);
  return behaviourFor(message.to).literalCreate ? printLiterally(callback) : JSON.stringify(callback);
}

function scaled({ createMs, updateMs }: Delays, factor: number): Delays {
  return { createMs: Math.round(createMs * factor), updateMs: Math.round(updateMs * factor) };
}

/** As in the documentation: no comma after `sent_at`, one too many after `total_parts`. */
function printLiterally(callback: object): string {
  return JSON.stringify(callback, undefined, 1)
    .replace(/^ +/gm, "")
    .replace(/^("sent_at": ".*"),$/m, "$1")
    .replace(/^("total_parts": \d+)$/m, "$1,");
}
