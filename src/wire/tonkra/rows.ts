/** The vendor's rows, pages and formats, as public clients of the platform show them. */

export interface MessageFacts {
  uid: string;
  to: string;
  from: string;
  text: string;
  /** `plain` or `unicode`. */
  type: string;
  parts: number;
  /** In units, or money. */
  cost: string;
  sentAt: number;
}

/** `2025-05-29 16:07:41`, in a zone. */
function zonedTime(time: number, timeZone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
}

const head = ({ uid, to, from, text }: MessageFacts) => ({ uid, to, from, message: text });

/** In the answer to a request with one number. */
export const sentRow = (message: MessageFacts, status: string) => ({
  ...head(message),
  status,
  cost: message.cost,
  sms_count: message.parts,
});

/** A row for one of several numbers: it has the row's own id and another name for the status. */
export const listedRow = (id: number, message: MessageFacts, status: string) => ({
  id,
  ...head(message),
  cost: message.cost,
  sms_count: message.parts,
  customer_status: status,
});

export const viewRow = (message: MessageFacts, status: string, direction: "api" | "incoming" = "api") => ({
  ...head(message),
  sms_type: message.type,
  direction,
  status,
  sms_count: message.parts,
  cost: message.cost,
});

/** The six fields that old versions of the platform have. */
export const oldRow = (message: MessageFacts, status: string) => ({
  ...head(message),
  status,
  cost: message.cost,
});

export const listRow = (
  message: MessageFacts,
  status: string,
  timeZone: string,
  direction: "api" | "incoming" = "api",
) => ({ ...viewRow(message, status, direction), sent_at: zonedTime(message.sentAt, timeZone) });

export const perPage = 25;

interface Page {
  rows: readonly object[];
  total: number;
  current: number;
  /** The URL of the list. */
  path: string;
}

/** One of Laravel's pages. */
export function pageOf({ rows, total, current, path }: Page) {
  const last = Math.max(1, Math.ceil(total / perPage));
  const start = (current - 1) * perPage;
  const url = (page: number) => (page >= 1 && page <= last ? `${path}?page=${page}` : null);
  return {
    current_page: current,
    data: rows,
    first_page_url: url(1),
    from: rows.length === 0 ? null : start + 1,
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
    to: rows.length === 0 ? null : start + rows.length,
    total,
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
