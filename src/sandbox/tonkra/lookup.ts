import type { SandboxReply } from "../http-server.ts";
import type { TonkraContext } from "./context.ts";
import { error, messages, success } from "./replies.ts";
import type { Message } from "./state.ts";
import { type ListFilter, readFilter } from "./validation.ts";
import { listRow, paginate, viewRow } from "./wire.ts";

/** `GET sms/{uid}` */
export function viewMessage(context: TonkraContext, uid: string): SandboxReply {
  const message = context.state.message(uid);
  const isOwn = message !== undefined && (!message.isForeign || context.variant.version === "old");
  if (!isOwn) return error(404, "SMS Info not found");
  return messages(context, "sms data with all details", viewRow(context, message), null);
}

/** `GET sms`. The old version has no filters and shows the messages of all customers. */
export function listMessages(context: TonkraContext, input: { page?: unknown }, path: string): SandboxReply {
  const current = /^[1-9]\d{0,6}$/.test(String(input.page)) ? Number(input.page) : 1;
  const placeholder = "sms reports with pagination";
  const all = context.state.messages();
  if (context.variant.version === "old") {
    const page = paginate(all, (message) => viewRow(context, message), { current, path });
    return messages(context, placeholder, page, null);
  }
  const filter = readFilter(input, context.clock.now());
  if (!filter.ok) return error(filter.status, filter.problem);
  const { timeZone } = filter.value;
  const found = all.filter((message) => isAmong(message, filter.value));
  const page = paginate(found, (message) => listRow(context, message, timeZone), { current, path });
  return messages(context, placeholder, page, "SMS data fetched successfully");
}

/** All sandbox messages were sent by the API; none are incoming. */
function isAmong(message: Message, { from, until, type, direction }: ListFilter): boolean {
  const { startsAt, isForeign } = message;
  if (isForeign || (direction !== undefined && direction !== "api")) return false;
  // The dates have whole seconds.
  return startsAt >= from && startsAt < until + 1_000 && (type === undefined || type === message.type);
}

const grouped = new Intl.NumberFormat("en-US");
const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 });

/** `GET balance`: display texts, not numbers. */
export function showBalance({ state, variant }: TonkraContext): SandboxReply {
  const printed = {
    units: grouped.format(state.balance()),
    money: `₦${money.format(state.balance() + 0.5)}`,
    unlimited: "Unlimited",
  };
  return success({ remaining_balance: printed[variant.balance], expired_on: "30th Aug 46, 8:14 AM" });
}

/** `GET me`: also returns the token, as the platform does. */
export function showProfile({ token, variant }: TonkraContext): SandboxReply {
  return success({
    uid: "5f1a2b3c4d5e6",
    api_token: token,
    first_name: "Ada",
    last_name: "Example",
    email: "ada@example.com",
    locale: "en",
    timezone: variant.timeZone,
    last_access_at: "30th Aug 25, 8:14 AM",
  });
}
