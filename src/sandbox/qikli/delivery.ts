import type { Clock, Timers } from "../clock.ts";
import type { Random } from "../random.ts";
import type { ReportPlan } from "./behaviour.ts";
import type { Push } from "./push.ts";
import type { Message, QikliState, Report } from "./state.ts";
import { errors, statuses } from "../../wire/qikli/statuses.ts";

interface DeliveryOptions {
  clock: Clock;
  timers: Timers;
  random: Random;
  state: QikliState;
  push: Push;
  /** Time from acceptance to the first report, and between reports, varied by up to a fifth. */
  reportMs: number;
}

export interface Delivery {
  /**
   * Prepares the reports on the messages. Nothing happens until the returned function is called, except for
   * scenarios in which the first report comes before the answer.
   */
  prepare(messages: readonly Message[]): Promise<() => void>;
}

interface Journey {
  message: Message;
  plans: ReportPlan[];
  waitMs: number;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  return {
    async prepare(messages) {
      const journeys = messages.map((message) => plan(message, options));
      const early = journeys.filter(({ message }) => message.behaviour.reportBeforeAnswer);
      const reported = early.map(async ({ message, plans }) => {
        const first = plans.shift();
        if (first) await report(message, first, options);
      });
      await Promise.all(reported);
      return () => {
        for (const journey of journeys) void travel(journey, options);
      };
    },
  };
}

function plan(message: Message, { reportMs, random }: DeliveryOptions): Journey {
  const { reports, slowness } = message.behaviour;
  const intermediate = message.intermediateReport ? [{ status: "enroute" } as const] : [];
  const waitMs = Math.round(reportMs * slowness * (0.8 + 0.4 * random.fraction()));
  return { message, plans: [...intermediate, ...reports], waitMs };
}

/** In sequence: a report is posted when the one before was answered or failed. */
async function travel({ message, plans, waitMs }: Journey, options: DeliveryOptions): Promise<void> {
  await options.timers.wait(message.sentAt - options.clock.now());
  for (const next of plans) {
    await options.timers.wait(waitMs);
    await report(message, next, options);
  }
}

async function report(message: Message, { status, error = "none" }: ReportPlan, options: DeliveryOptions) {
  const { state, push, clock } = options;
  const made: Report = { message, status: statuses[status], error: errors[error], doneAt: clock.now() };
  const { road, copies } = message.behaviour;
  const { notifyUrl } = message;
  state.note(made);
  if (road === "nowhere") return;
  if (notifyUrl === undefined || road !== "push") state.enqueue(made);
  if (notifyUrl === undefined || road === "pull") return;
  for (let copy = 0; copy < copies; copy++) await push(made, notifyUrl);
}
