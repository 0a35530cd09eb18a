import type { Viewer } from "../../access/api-keys.ts";
import { balance, balanceTexts, error, profile, refusals, success } from "../../wire/tonkra/answers.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { type ListFilter, readFilter, readPage } from "../../wire/tonkra/requests.ts";
import { listRow, pageOf, perPage, viewRow } from "../../wire/tonkra/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import { listOfAccount } from "../known/account-messages.ts";
import { readBalance } from "../known/balances.ts";
import { findByIdOf, findInEitherDirection, type KnownMessage } from "../known/messages.ts";
import { factsOf, idOfUid, wordOf } from "./facts.ts";
import { timeZone } from "./send.ts";

const directionOf = ({ status }: KnownMessage) => (status === "RECEIVED" ? "incoming" : "api");

/** `GET sms/{uid}` */
export async function view(call: ServedCall, viewer: Viewer, uid: string): Promise<WireAnswer> {
  const { database } = call.services;
  const id = idOfUid(uid);
  const message = await (id === undefined
    ? findByIdOf(database, "TONKRA", viewer.accountId, uid)
    : findInEitherDirection(database, viewer.accountId, id));
  if (!message) return refusals.notFound;
  return success(viewRow(factsOf(message), wordOf(message.status), directionOf(message)));
}

/** `GET sms`: all messages of the account, in pages. */
export async function list(
  call: ServedCall,
  viewer: Viewer,
  fields: object,
  api: string,
): Promise<WireAnswer> {
  const { database, clock } = call.services;
  const filter = readFilter(fields, clock.now().getTime());
  if (!filter.ok) return error(filter.status, filter.problem);
  const current = readPage(fields);
  const page = { limit: perPage, offset: (current - 1) * perPage };
  const { type } = filter.value;
  const isSent = type === undefined || type === "plain" || type === "unicode";
  const { total, messages } = isSent
    ? await listOfAccount(database, rangeOf(viewer, filter.value), page)
    : nothing;
  const rows = messages.map((message) =>
    listRow(factsOf(message), wordOf(message.status), filter.value.timeZone, directionOf(message)),
  );
  const path = `${call.base}/api/${api}/sms`;
  return success(pageOf({ rows, total, current, path }), "SMS data fetched successfully");
}

const nothing = { total: 0, messages: [] };

function rangeOf({ accountId }: Viewer, { from, until, type, direction }: ListFilter) {
  return {
    accountId,
    from: new Date(from),
    // The dates have whole seconds.
    until: new Date(until + 1_000),
    encoding: encodingOf(type),
    isInbound: direction === undefined ? undefined : direction === "incoming",
  };
}

const encodingOf = (type: string | undefined): "GSM7" | "UCS2" | undefined =>
  type === undefined ? undefined : type === "unicode" ? "UCS2" : "GSM7";

/** `GET balance`: what the account has at its providers, in units where one of them counts in units. */
export async function showBalance(call: ServedCall, viewer: Viewer): Promise<WireAnswer> {
  const { amount, currency, units } = await readBalance(call.services.database, viewer.accountId);
  if (units !== undefined) return balance(balanceTexts.units(Number(units)), never);
  return balance(balanceTexts.money(Number(amount), symbolOf(currency)), never);
}

const never = "Never";

function symbolOf(currency: string): string {
  const parts = new Intl.NumberFormat("en", { style: "currency", currency }).formatToParts(0);
  return parts.find(({ type }) => type === "currency")?.value ?? currency;
}

/** `GET me` */
export function showProfile(call: ServedCall, viewer: Viewer, token: string): WireAnswer {
  return profile({
    uid: viewer.accountId.replaceAll("-", "").slice(-13),
    token,
    firstName: viewer.accountName,
    lastName: "",
    email: null,
    timeZone,
    lastAccessAt: call.services.clock.now().toISOString(),
  });
}
