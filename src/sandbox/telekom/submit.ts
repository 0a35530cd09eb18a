import { describeInSlovak, tooMany } from "../../wire/telekom/codes.ts";
import { failure, success, type Format } from "../../wire/telekom/format.ts";
import { channelOf, readSubmission, type Submission } from "../../wire/telekom/requests.ts";
import { sentContent } from "../../wire/telekom/rows.ts";
import { faults } from "../faults.ts";
import type { SandboxReply } from "../http-server.ts";
import type { TelekomBehaviour } from "./behaviour.ts";
import type { Call } from "./context.ts";
import { groups } from "./groups.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Message } from "./state.ts";

/** The result for one recipient of a request. */
type Entry = { kind: "accepted"; message: Message } | { kind: "refused"; to: string };

/** `send_message` */
export async function sendMessage(call: Call): Promise<SandboxReply> {
  const { context, format, fields } = call;
  const read = readSubmission(fields, {
    isText: format === "xml",
    timeZone: context.timeZone,
    isGroup: (id) => groups.some((group) => group.id === id),
  });
  if (!read.ok) return refuse(format, read.code);
  const { answer, stored } = behaviourFor(read.value.recipients[0] ?? "");
  const early = firstAnswer(call, answer);
  if (early) return early;
  const entries = stored ? read.value.recipients.map((to) => accept(call, read.value, to)) : [];
  const starts: (() => void)[] = [];
  for (const entry of entries) {
    if (entry.kind === "accepted") starts.push(await context.delivery.prepare(entry.message));
  }
  const afterwards = () => {
    for (const start of starts) start();
  };
  return { ...answers[answer](format, entries), afterwards };
}

/** Answers that only a first attempt gets. */
function firstAnswer(
  { context, format, fields }: Call,
  answer: TelekomBehaviour["answer"],
): SandboxReply | undefined {
  const session = fields.get("session_id");
  const isOnce = answer === "throttledOnce" || (answer === "sessionLostOnce" && typeof session === "string");
  const key = JSON.stringify([fields.get("to"), fields.get("text")]);
  if (!isOnce || !context.attempts.isFirst(key)) return undefined;
  if (answer === "throttledOnce") return tooMany;
  context.sessions.end(String(session));
  return refuse(format, "SESSION_NOT_FOUND");
}

type Answering = (format: Format, entries: readonly Entry[]) => SandboxReply;

const confirm: Answering = (format, entries) => success(format, sentContent(entries));

const answers: Readonly<Record<TelekomBehaviour["answer"], Answering>> = {
  accepted: confirm,
  throttledOnce: confirm,
  sessionLostOnce: confirm,
  miscounted: (format, entries) => success(format, sentContent(entries, 1)),
  refused: (format) => refuse(format, "TEXT_NUMBER_NOT_ALLOWED"),
  serverError: () => faults.serverError,
  html: () => faults.html,
  hang: () => faults.hang,
  reset: () => faults.reset,
};

function refuse(format: Format, code: string): SandboxReply {
  return failure(format, code, describeInSlovak(code));
}

function accept({ context }: Call, submission: Submission, to: string): Entry {
  const channel = channelOf(to);
  if (channel === undefined || behaviourFor(to).isRefused) return { kind: "refused", to };
  const { groupId, parts, startsAt } = submission;
  const waiting = groupId === undefined ? "QUEUED" : "IN_GROUP";
  const status = startsAt > context.clock.now() ? "SCHEDULED" : waiting;
  const message = context.state.add({ to, channel, parts, status, deliveredAt: null, submission });
  return { kind: "accepted", message };
}
