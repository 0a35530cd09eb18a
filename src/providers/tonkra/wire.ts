import { z } from "zod";
import {
  asList,
  count,
  fastReader,
  fieldErrors,
  readAmount,
  reader,
  readText,
  text,
} from "../wire/fields.ts";

/**
 * Fields of every answer (Tonkra documentation). `status` is `success` or `error`; the framework's own
 * answers, such as a 401, have only a `message`.
 */
const envelope = z.object({ status: text, message: text, errors: fieldErrors });
export const readEnvelope = reader(envelope);

/**
 * A message, as every route shows it. Old versions have no `sent_at`. After a send to several numbers, rows
 * have `customer_status` instead of `status` (Tonkra: public clients).
 */
export const readRow = fastReader({
  uid: readText,
  to: readText,
  from: readText,
  message: readText,
  status: readText,
  customer_status: readText,
  cost: readAmount,
  sent_at: readText,
  direction: readText,
});
export type Row = NonNullable<ReturnType<typeof readRow>>;

/** `data` depends on the route; the documentation has only a placeholder text. */
const holder = z.object({ data: z.unknown().optional() });
const readHolder = reader(holder);
export const readData = (json: unknown): unknown => readHolder(json)?.data;

/** Laravel's pages. The page's own `from` and `to` are row numbers. */
const paginator = z.object({
  current_page: count,
  last_page: count,
  total: count,
  data: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]),
});
const readPaginator = reader(paginator);

export interface Page {
  rows: Row[];
  /** With rows that cannot be read. */
  size: number;
  isLast: boolean;
  /** Rows on all pages, where it is told. */
  total?: number | undefined;
}

/** The rows in any form of `data`: a page, a list or one row; none when it is text or null. */
export function readPage(json: unknown): Page {
  const data = readData(json);
  const page = readPaginator(data);
  // Laravel writes a list with gaps as an object.
  const rows = page ? Object.values(page.data) : asList(data);
  return {
    rows: rows.flatMap((element) => readRow(element) ?? []),
    size: rows.length,
    isLast: page?.current_page === undefined || page.current_page >= (page.last_page ?? 0),
    total: page?.total,
  };
}

const balance = z.object({ remaining_balance: text });
const readBalanceData = reader(balance);
/** The balance as printed: a display text such as `4,250` or `Unlimited`. */
export const readBalance = (json: unknown): string | undefined =>
  readBalanceData(readData(json))?.remaining_balance;

/** The profile contains the token, so only the zone is read. */
const profile = z.object({ timezone: text });
const readProfileData = reader(profile);
export const readProfile = (json: unknown): z.infer<typeof profile> | undefined =>
  readProfileData(readData(json));
