import { z } from "zod";
import { asList, flag, listReader, reader, readDecimal, text } from "../wire/fields.ts";
import { readLenientJson } from "../wire/json.ts";
import { readXml } from "../wire/xml.ts";

/**
 * Reads the answers of Telekom SK, JSON or XML, into the same plain data. XML has one more element around
 * what JSON has at the top, and attributes (`@id`). Undefined for anything else.
 */
export function readContent(body: string): unknown {
  return body.trimStart().startsWith("<") ? readXml(body)?.content : readLenientJson(body);
}

/**
 * A message id. It is a number when sent, text when looked up, and a number in callbacks; read as its digits.
 */
const identifier = text.transform((value) => {
  const [, digits] = /^(\d+)(?:\.0+)?$/.exec(readDecimal(value ?? "") ?? "") ?? [];
  return digits ?? value?.trim();
});

const word = text.transform((value) => value?.trim().toUpperCase());

/** The verdict on a request or on one message in it. The description can be in either language. */
const verdict = z
  .object({ status: word, code: word, description: text })
  .transform(({ status, code, description }) => ({ outcome: outcomeOf(status, code), code, description }));
export type Verdict = z.infer<typeof verdict>;

type Outcome = "success" | "error" | "unclear";
const outcomes = new Map<string, Outcome>([
  ["SUCCESS", "success"],
  ["ERROR", "error"],
]);

/** Unclear when status and code contradict each other; undefined when both are missing. */
function outcomeOf(status: string | undefined, code: string | undefined): Outcome | undefined {
  const byStatus = status === undefined ? undefined : (outcomes.get(status) ?? "unclear");
  if (code === undefined) return byStatus;
  const byCode = code === "OK" ? "success" : "error";
  return byStatus === undefined || byStatus === byCode ? byCode : "unclear";
}

const envelope = z.object({ result: verdict });

/** The verdict on the whole request; undefined when the content is not an answer of Telekom SK. */
export function readVerdict(content: unknown): Verdict | undefined {
  return reader(envelope)(content)?.result;
}

const session = z.object({ session_id: text });
/** It is sent with every request; those of the documentation have 36 characters. */
const mostSessionId = 1_000;

export function readSessionId(content: unknown): string | undefined {
  const id = reader(session)(content)?.session_id?.trim();
  return id !== undefined && id.length <= mostSessionId ? id : undefined;
}

const identifiers = z
  .object({ "@id": identifier, message_id: identifier, id: identifier })
  .transform((ids) => ids["@id"] ?? ids.message_id ?? ids.id);
const entry = z.unknown().transform((element) => ({
  id: reader(identifiers)(element),
  verdict: reader(verdict)(element),
}));

/** One message in the answer of `send_message`. */
export type Entry = z.infer<typeof entry>;

/** All messages in the answer of `send_message`; the count beside them is ignored. */
export function readEntries(content: unknown): Entry[] {
  return (elementsOf(content, ["messages"], ["message"]) ?? []).map((element) => entry.parse(element));
}

const check = z.object({ message_id: identifier, code: text, deliveryDateTime: text });

/** The answer of `check_message`. Its `status` is a text for people, in either language; XML has no id. */
export const readCheck = (content: unknown) => reader(check)(unwrapped(content, "message"));

const numberCheck = z.object({ exists: flag, operator: text });
export const readNumberCheck = (content: unknown) => reader(numberCheck)(unwrapped(content, "phone_number"));

const group = z.object({ id: identifier, name: text, isPaused: flag, note: text });
export type Group = z.infer<typeof group>;

/**
 * The groups in the answer of `sms-groups`; undefined for other content. The documented XML calls a group
 * `number`. The documented JSON is a success without groups, which means an empty list.
 */
export function readGroups(content: unknown): Group[] | undefined {
  if (isBareResult(content)) return [];
  const groups = elementsOf(content, ["groups", "numbers", "number"], ["number", "group"]);
  return groups?.flatMap((element) => reader(group)(element) ?? []);
}

function isBareResult(content: unknown): boolean {
  return typeof content === "object" && content !== null && Object.keys(content).join() === "result";
}

const delivery = z.object({ status: text });

/** The documentation has no example of its content; rich messages name it so (GSMA RCS). */
const reaction = z.object({ text, data: text, payload: text });
const report = z
  .object({
    delivery: delivery.optional().catch(undefined),
    status: text,
    messageId: identifier,
    message_id: identifier,
    type: text,
    timestamp: text,
    from: text,
    to: text,
    text,
    data: text,
    payload: text,
    postback: reaction.optional().catch(undefined),
  })
  .transform(({ messageId, message_id, ...rest }) => ({
    from: rest.from?.trim(),
    to: rest.to?.trim(),
    said: [rest.postback, rest]
      .map((one) => one?.text ?? one?.data ?? one?.payload)
      .find((one) => one !== undefined),
    id: messageId ?? message_id,
    word: (rest.delivery?.status ?? rest.status)?.trim(),
    type: rest.type?.trim().toLowerCase(),
    timestamp: rest.timestamp,
  }));
export type Report = z.infer<typeof report>;
export const readReport = reader(report);

/** The children of the element that XML has around what JSON has at the top. */
function unwrapped(content: unknown, name: string): unknown {
  const [wrapped, ...others] = listReader(name, reader(z.looseObject({})))(content) ?? [];
  return wrapped !== undefined && others.length === 0 ? wrapped : content;
}

/** The list under the first of `names`: an array, or an element with its items under one of `itemNames`. */
function elementsOf(
  content: unknown,
  names: readonly string[],
  itemNames: readonly string[],
): unknown[] | undefined {
  const holder = childOf(content, names);
  if (typeof holder === "string") return holder.trim() === "" ? [] : undefined;
  if (typeof holder !== "object" || holder === null) return undefined;
  const items = childOf(holder, itemNames);
  if (items !== undefined) return asList(items);
  // An element with only attributes is an empty list. Anything else is a list or its single item.
  return Object.keys(holder).every((key) => key.startsWith("@")) ? [] : asList(holder);
}

function childOf(holder: unknown, names: readonly string[]): unknown {
  if (typeof holder !== "object" || holder === null) return undefined;
  const children = new Map<string, unknown>(Object.entries(holder));
  return names.map((name) => children.get(name)).find((child) => child !== undefined);
}
