import { listedRow, listRow, oldRow, pageOf, perPage, sentRow, viewRow } from "../../wire/tonkra/rows.ts";
import type { TonkraContext } from "./context.ts";
import { type Message, wordAt } from "./state.ts";

/** What of a message the vendor's rows show. */
const factsOf = (message: Message) => ({ ...message, cost: `${message.parts}`, sentAt: message.startsAt });

/** At acceptance the platform only knows whether its gateway took the message. */
const acceptedWord = ({ variant }: TonkraContext, { uid }: Message): string =>
  variant.version === "old" ? `Delivered|gw-${uid}` : "Delivered";

export function sent(context: TonkraContext, message: Message): object {
  const word = acceptedWord(context, message);
  return (context.variant.version === "old" ? oldRow : sentRow)(factsOf(message), word);
}

export function listed(context: TonkraContext, message: Message): object {
  const row = listedRow(message.id, factsOf(message), acceptedWord(context, message));
  if (context.variant.version !== "old") return row;
  const { sms_count: _count, ...old } = row;
  return old;
}

export function viewed(context: TonkraContext, message: Message): object {
  const word = wordAt(message, context.clock.now(), context.reportMs);
  if (context.variant.version !== "old") return viewRow(factsOf(message), word);
  return oldRow(factsOf(message), word === "Delivered" ? `Delivered|gw-${message.uid}` : word);
}

/** A row in the list of the new version. */
export function inList(context: TonkraContext, message: Message, timeZone: string): object {
  const word = wordAt(message, context.clock.now(), context.reportMs);
  return listRow(factsOf(message), word, timeZone);
}

/** A message from a person. */
export const incoming = (message: Message, timeZone: string): object =>
  listRow({ ...factsOf(message), cost: "0" }, "Delivered", timeZone, "incoming");

export function paginate<Item>(
  items: readonly Item[],
  print: (item: Item) => object,
  { current, path }: { current: number; path: string },
) {
  const start = (current - 1) * perPage;
  const rows = items.slice(start, start + perPage).map(print);
  return pageOf({ rows, total: items.length, current, path });
}

/** The documented answer: a placeholder, and one comma too many. */
export function literalBody(placeholder: string): string {
  return `{\n  "status": "success",\n  "data": "${placeholder}",\n}\n`;
}

/** A body with a comma after the last field of every object. */
export function sloppyBody(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/\n( *)\}/g, ",\n$1}");
}
