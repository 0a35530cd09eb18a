import type { Viewer } from "../../access/api-keys.ts";
import type { SendInput } from "../../messages/accept/send-input.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { delivered, error, scheduled, success } from "../../wire/tonkra/answers.ts";
import { readSend, type SendRequest } from "../../wire/tonkra/requests.ts";
import { listedRow, sentRow } from "../../wire/tonkra/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import { international, sendAll, type Sent } from "../frame/send.ts";
import { uidOf } from "../known/ids.ts";
import { findMessages, type KnownMessage } from "../known/messages.ts";
import { problemText, refusalOf } from "./errors.ts";
import { factsOf, wordOf } from "./facts.ts";

/** Times in requests are in this zone, as the profile says. */
export const timeZone = "UTC";

/** `POST` and `GET sms/send`: one number, or up to a hundred with commas between them. */
export async function send(call: ServedCall, viewer: Viewer, fields: object): Promise<WireAnswer> {
  const read = readSend(fields, timeZone);
  if (!read.ok) return error(read.status, read.problem);
  const { recipients } = read.value;
  call.admitSends(viewer, recipients.length);
  const isLater = (read.value.scheduledAt ?? 0) > call.services.clock.now().getTime();
  const numbers = await call.services.ids.take(recipients.length);
  const inputs = recipients.map((to, index) =>
    inputOf(read.value, { to, number: numbers[index] ?? 0, isLater, key: keyOf(call, index) }),
  );
  const sent = await sendAll(call.services, viewer, inputs);
  const [first] = sent;
  if (sent.every(({ kind }) => kind === "refused") && first?.kind === "refused")
    return refusalOf(first.error, recipients[0]);
  const known = await findMessages(
    call.services.database,
    sent.flatMap((each) => (each.kind === "accepted" ? each.messageId : [])),
  );
  const message = isLater ? scheduled : delivered;
  return recipients.length === 1 ? one(sent, known, message) : many(sent, known, message, recipients);
}

const keyOf = ({ idempotencyKey }: ServedCall, index: number): string | undefined =>
  idempotencyKey === undefined ? undefined : `${idempotencyKey} ${index}`;

interface Place {
  to: string;
  number: number;
  isLater: boolean;
  key: string | undefined;
}

function inputOf({ from, text, scheduledAt, dltTemplateId }: SendRequest, place: Place): SendInput {
  return {
    to: international(place.to),
    text,
    from,
    dltTemplateId,
    // A past time means now.
    scheduledAt: place.isLater && scheduledAt !== undefined ? new Date(scheduledAt) : null,
    idempotencyKey: place.key,
    served: { api: "TONKRA", vendorId: uidOf(place.number), details: { number: place.number } },
  };
}

type Known = ReadonlyMap<string, KnownMessage>;

const knownOf = (sent: Sent, known: Known): KnownMessage[] => {
  const message = sent.kind === "accepted" ? known.get(sent.messageId) : undefined;
  return message ? [message] : [];
};

function one([sent]: readonly Sent[], known: Known, text: string): WireAnswer {
  const [message] = sent ? knownOf(sent, known) : [];
  return success(message && sentRow(factsOf(message), wordOf(message.status)), text);
}

/** The numbers that are left out are named in the text. */
function many(sent: readonly Sent[], known: Known, text: string, recipients: readonly string[]): WireAnswer {
  const rows = sent
    .flatMap((each) => knownOf(each, known))
    .map((message) =>
      listedRow(Number(message.details?.["number"] ?? 0), factsOf(message), wordOf(message.status)),
    );
  const problems = sent.flatMap((each, index) =>
    each.kind === "refused" ? [problemText(each.error, recipients[index] ?? "")] : [],
  );
  return success(rows, problems.join(" ") || text);
}
