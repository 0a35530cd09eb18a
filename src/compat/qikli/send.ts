import { randomUUID } from "node:crypto";
import type { Viewer } from "../../access/api-keys.ts";
import { type DomainError, InvalidInputError } from "../../lib/errors.ts";
import { unavailability } from "../../database/unavailable.ts";
import type { SendInput } from "../../messages/accept/send-input.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { answer, refusal } from "../../wire/qikli/answers.ts";
import { readRequest, type SendRequest } from "../../wire/qikli/requests.ts";
import { type Format, printVerdicts } from "../../wire/qikli/rows.ts";
import { type StatusName, statuses } from "../../wire/qikli/statuses.ts";
import type { ServedCall } from "../frame/call.ts";
import { callbackUrls } from "../frame/callbacks.ts";
import { checkFields } from "../frame/fields.ts";
import { digitsOf, international, sendAll, type Sent } from "../frame/send.ts";
import { findUsedIds } from "../known/messages.ts";
import { verdictOf } from "./errors.ts";

/** The documentation has no limit. What a key may send at once is less by default. */
const maxDestinations = 20_000;
/** In one transaction. */
const pieceSize = 1_000;
/** Minutes: a longer validity period counts as this (the platform's documentation). */
const longestValidity = 48 * 60;
const maxIdLength = 200;

interface Destination {
  to: string;
  /** Given by the client, or made for it. */
  id: string;
  isGiven: boolean;
  message: SendRequest["messages"][number];
}

/** `POST /sms/2/text/advanced` */
export async function send(
  call: ServedCall,
  viewer: Viewer,
  body: string,
  { sent, wanted }: { sent: Format; wanted: Format },
): Promise<WireAnswer> {
  const request = readRequest(body, sent);
  if (!request.ok) return refusal(wanted, "badRequest", request.errors);
  checkFields(Object.entries(request.value));
  const bulkId = request.value.bulkId ?? randomUUID();
  const destinations = destinationsOf(request.value);
  const problem = await problemOf(call, request.value, bulkId, destinations);
  if (problem) return refusal(wanted, "badRequest", { [problem.field]: [problem.text] });
  call.admitSends(viewer, destinations.length);
  const verdicts = await accept(call, viewer, bulkId, destinations);
  const rows = destinations.map(({ to, id }, index) => ({
    to,
    status: statuses[verdicts[index] ?? "systemError"],
    messageId: id,
  }));
  return answer(200, wanted, printVerdicts(wanted, bulkId, rows));
}

const destinationsOf = ({ messages }: SendRequest): Destination[] =>
  messages.flatMap((message) =>
    message.destinations.map(({ to, messageId }) => ({
      // The documentation's own example ends with a backslash.
      to: digitsOf(to.replaceAll(/[\s()\\-]/g, "")),
      id: messageId ?? randomUUID(),
      isGiven: messageId !== undefined,
      message,
    })),
  );

async function problemOf(
  { services }: ServedCall,
  { messages }: SendRequest,
  bulkId: string,
  destinations: readonly Destination[],
): Promise<{ field: string; text: string } | undefined> {
  if (destinations.length > maxDestinations)
    return { field: "messages", text: `may have at most ${maxDestinations} destinations` };
  if (bulkId.length > maxIdLength)
    return { field: "bulkId", text: `must have ${maxIdLength} characters at most` };
  if (destinations.some(({ id }) => id.length > maxIdLength))
    return { field: "messageId", text: `must have ${maxIdLength} characters at most` };
  for (const [index, { notifyUrl }] of messages.entries()) {
    if (notifyUrl === undefined || (await callbackUrls.allows(notifyUrl, services))) continue;
    return { field: `messages[${index}].notifyUrl`, text: "must be a valid URL" };
  }
  return undefined;
}

/** A destination whose message id was used before is a duplicate, also of one in the same request. */
async function accept(
  call: ServedCall,
  viewer: Viewer,
  bulkId: string,
  destinations: readonly Destination[],
): Promise<StatusName[]> {
  const { database } = call.services;
  const { idempotencyKey } = call;
  const given = destinations.filter(({ isGiven }) => isGiven).map(({ id }) => id);
  const used = await findUsedIds(database, "QIKLI", viewer.accountId, given);
  const seen = new Set<string>();
  const fresh = destinations.map(({ id }) => !used.has(id) && !seen.has(id) && Boolean(seen.add(id)));
  const inputs = destinations.flatMap((destination, index) =>
    fresh[index]
      ? inputOf(destination, { bulkId, viewer, key: keyOf(destination, idempotencyKey, index) })
      : [],
  );
  const sent = (await sendInPieces(call, viewer, inputs)).values();
  return destinations.map(({ id }, index): StatusName => {
    // Whoever gives a key for repetitions is told what the first request was told.
    if (!fresh[index]) return used.has(id) && idempotencyKey !== undefined ? "accepted" : "duplicate";
    return verdictOn(sent.next().value as Sent, idempotencyKey !== undefined);
  });
}

/** Each destination has a verdict of its own: once some are accepted, what befalls the others does not refuse all. */
async function sendInPieces(
  { services }: ServedCall,
  viewer: Viewer,
  inputs: readonly (SendInput | DomainError)[],
): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let at = 0; at < inputs.length; at += pieceSize) {
    const piece = inputs.slice(at, at + pieceSize);
    try {
      sent.push(...(await sendAll(services, viewer, piece)));
    } catch (problem) {
      const error = unavailability(problem);
      if (at === 0 || !error) throw problem;
      sent.push(...piece.map((): Sent => ({ kind: "refused", error })));
    }
  }
  return sent;
}

function verdictOn(sent: Sent, mayRepeat: boolean): StatusName {
  if (sent.kind === "refused") return verdictOf(sent.error);
  return sent.isRepeated && !mayRepeat ? "duplicate" : "accepted";
}

/** Two requests with one message id at the same time: the later one finds the key of the first. */
function keyOf(
  { id, isGiven }: Destination,
  key: string | undefined,
  index: number,
): Pick<SendInput, "ownKey" | "idempotencyKey"> {
  if (isGiven) return { ownKey: `qikli ${id}` };
  return { idempotencyKey: key === undefined ? undefined : `${key} ${index}` };
}

function inputOf(
  { to, id, isGiven, message }: Destination,
  { bulkId, viewer, key }: { bulkId: string; viewer: Viewer; key: ReturnType<typeof keyOf> },
): SendInput | DomainError {
  const { notifyUrl, notifyContentType, callbackData, intermediateReport, validityPeriod, sendAt } = message;
  const at = sendAt === undefined ? 0 : Date.parse(sendAt);
  if (Number.isNaN(at)) return new InvalidInputError("sendAt", "`sendAt` must be a date.");
  return {
    to: international(to),
    text: message.text,
    from: message.from,
    clientRef: isGiven ? id : undefined,
    flash: message.flash,
    validityMinutes: validityPeriod && Math.min(validityPeriod, longestValidity),
    encoding: message.transliteration === undefined ? undefined : "GSM7",
    // A past time means now.
    scheduledAt: at > Date.now() ? new Date(at) : null,
    ...key,
    served: {
      api: "QIKLI",
      vendorId: id,
      groupId: bulkId,
      callbackUrl: notifyUrl ?? viewer.callbackUrl ?? null,
      details: { notifyContentType, callbackData, intermediateReport },
    },
  };
}
