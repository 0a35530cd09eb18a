import type { TonkraContext } from "./context.ts";
import { type Message, wordAt } from "./state.ts";

/** The vendor's rows, pages and formats, as public clients of the platform show them. */

/** `2025-05-29 16:07:41`, in a zone. */
function zonedTime(time: number, timeZone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
}

function head({ uid, to, from, text }: Message) {
  return { uid, to, from, message: text };
}

/** At acceptance the platform only knows whether its gateway took the message. */
function acceptedWord({ variant }: TonkraContext, { uid }: Message): string {
  return variant.version === "old" ? `Delivered|gw-${uid}` : "Delivered";
}

export function sentRow(context: TonkraContext, message: Message) {
  const count = context.variant.version === "old" ? {} : { sms_count: message.parts };
  return { ...head(message), status: acceptedWord(context, message), cost: `${message.parts}`, ...count };
}

/** A row for one of several numbers: it has the row's own id and another name for the status. */
export function listedRow(context: TonkraContext, message: Message) {
  const { status, ...row } = sentRow(context, message);
  return { id: message.id, ...row, customer_status: status };
}

export function viewRow(context: TonkraContext, message: Message) {
  const word = wordAt(message, context.clock.now(), context.reportMs);
  const cost = `${message.parts}`;
  if (context.variant.version === "old") {
    return { ...head(message), status: word === "Delivered" ? `Delivered|gw-${message.uid}` : word, cost };
  }
  return {
    ...head(message),
    sms_type: message.type,
    direction: "api",
    status: word,
    sms_count: message.parts,
    cost,
  };
}

/** A row in the list of the new version. */
export function listRow(context: TonkraContext, message: Message, timeZone: string) {
  return { ...viewRow(context, message), sent_at: zonedTime(message.startsAt, timeZone) };
}

const perPage = 25;

/** Laravel's pages. */
export function paginate<Item>(
  items: readonly Item[],
  print: (item: Item) => object,
  { current, path }: { current: number; path: string },
) {
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const start = (current - 1) * perPage;
  const data = items.slice(start, start + perPage).map(print);
  const url = (page: number) => (page >= 1 && page <= last ? `${path}?page=${page}` : null);
  return {
    current_page: current,
    data,
    first_page_url: url(1),
    from: data.length === 0 ? null : start + 1,
    last_page: last,
    last_page_url: url(last),
    links: [
      { url: url(current - 1), label: "« Previous", active: false },
      ...pageLinks(current, last).map((page) =>
        page === undefined
          ? { url: null, label: "...", active: false }
          : { url: url(page), label: `${page}`, active: page === current },
      ),
      { url: url(current + 1), label: "Next »", active: false },
    ],
    next_page_url: url(current + 1),
    path,
    per_page: perPage,
    prev_page_url: url(current - 1),
    to: data.length === 0 ? null : start + data.length,
    total: items.length,
  };
}

/** The first two pages, the last two, and those around the current one; undefined stands for a gap. */
function pageLinks(current: number, last: number): (number | undefined)[] {
  const near = [1, 2, ...Array.from({ length: 7 }, (_, index) => current - 3 + index), last - 1, last];
  const shown = [...new Set(near)].filter((page) => page >= 1 && page <= last).toSorted((a, b) => a - b);
  return shown.flatMap((page, index) =>
    index > 0 && page !== (shown[index - 1] ?? 0) + 1 ? [undefined, page] : [page],
  );
}

/** The documented answer: a placeholder, and one comma too many. */
export function literalBody(placeholder: string): string {
  return `{\n  "status": "success",\n  "data": "${placeholder}",\n}\n`;
}

/** A body with a comma after the last field of every object. */
export function sloppyBody(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/\n( *)\}/g, ",\n$1}");
}
