/**
 * Where a message or a campaign hangs in its trace, as its row keeps it: the trace id, the span id and the flags
 * of a W3C `traceparent`, which are 25 bytes, in PostgreSQL's notation for `bytea`. Null when it is not traced.
 */
export type StoredTrace = string | null;

/** What both forms of a trace context hold. */
interface TraceIds {
  traceId: string;
  spanId: string;
  traceFlags: number;
}

export const toStored = ({ traceId, spanId, traceFlags }: TraceIds): string =>
  `\\x${traceId}${spanId}${traceFlags.toString(16).padStart(2, "0")}`;

export const fromStored = (stored: string): TraceIds => ({
  traceId: stored.slice(2, 34),
  spanId: stored.slice(34, 50),
  traceFlags: Number.parseInt(stored.slice(50), 16),
});

/** Reads the `traceparent` of a request; undefined when it is none (https://www.w3.org/TR/trace-context/). */
export function readTraceparent(header: string | null | undefined): TraceIds | undefined {
  const parts = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/.exec(
    header?.trim() ?? "",
  );
  const [, traceId = "", spanId = "", flags = ""] = parts ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 };
}
