import { balance, balanceTexts, error, profile, refusals } from "../../wire/tonkra/answers.ts";
import { type ListFilter, readFilter, readPage } from "../../wire/tonkra/requests.ts";
import type { SandboxReply } from "../http-server.ts";
import type { TonkraContext } from "./context.ts";
import { answerTo } from "./people.ts";
import { messages } from "./replies.ts";
import { incoming, inList, paginate, viewed } from "./rows.ts";
import type { Message } from "./state.ts";

/** `GET sms/{uid}` */
export function viewMessage(context: TonkraContext, uid: string): SandboxReply {
  const message = context.state.message(uid);
  const isOwn = message !== undefined && (!message.isForeign || context.variant.version === "old");
  if (!isOwn) return refusals.notFound;
  return messages(context, "sms data with all details", viewed(context, message), null);
}

/** `GET sms`. The old version has no filters and shows the messages of all customers. */
export function listMessages(context: TonkraContext, input: { page?: unknown }, path: string): SandboxReply {
  const current = readPage(input);
  const placeholder = "sms reports with pagination";
  const { state } = context;
  if (context.variant.version === "old") {
    const page = paginate(state.messages(), (message) => viewed(context, message), { current, path });
    return messages(context, placeholder, page, null);
  }
  const filter = readFilter(input, context.clock.now());
  if (!filter.ok) return error(filter.status, filter.problem);
  const { timeZone, direction } = filter.value;
  const among = (all: readonly Message[]): Message[] =>
    all.filter((message) => isAmong(message, filter.value));
  const sent = direction === undefined || direction === "api" ? among(state.own()) : [];
  const received = direction === undefined || direction === "incoming" ? among(answersTo(context)) : [];
  const found =
    received.length === 0
      ? sent
      : [...sent, ...received].toSorted((one, other) => other.startsAt - one.startsAt);
  const isIncoming = new Set(received);
  const print = (message: Message) =>
    isIncoming.has(message) ? incoming(message, timeZone) : inList(context, message, timeZone);
  const page = paginate(found, print, { current, path });
  return messages(context, placeholder, page, "SMS data fetched successfully");
}

const answersTo = (context: TonkraContext): Message[] =>
  context.state.answered().flatMap((message) => answerTo(context, message) ?? []);

function isAmong(message: Message, { from, until, type }: ListFilter): boolean {
  const { startsAt } = message;
  // The dates have whole seconds.
  return startsAt >= from && startsAt < until + 1_000 && (type === undefined || type === message.type);
}

export function showBalance({ state, variant }: TonkraContext): SandboxReply {
  const { units, money, unlimited } = balanceTexts;
  const printed = {
    units: units(state.balance()),
    money: money(state.balance() + 0.5, "₦"),
    unlimited,
  };
  return balance(printed[variant.balance]);
}

export function showProfile({ token, variant: { timeZone } }: TonkraContext): SandboxReply {
  return profile({
    uid: "5f1a2b3c4d5e6",
    token,
    firstName: "Ada",
    lastName: "Example",
    email: "ada@example.com",
    timeZone,
    lastAccessAt: "30th Aug 25, 8:14 AM",
  });
}
