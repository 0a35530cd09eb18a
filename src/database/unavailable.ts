import { BusyError, DatabaseUnavailableError, OutcomeUnknownError, type DomainError } from "../lib/errors.ts";
import { describe } from "./readiness.ts";

/**
 * PostgreSQL's codes: class 08 (connection), 57P0x (it starts or stops), 53xxx (no disk, memory or connection
 * left). Prisma's: no connection, and no transaction in time.
 */
const codes =
  /^(08\d{3}|57P0[1-5]|53[0-4]00|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|P10(01|02|08|17)|P2028|P2037)$/;
/** What `pg` says about this when it has no code. */
const words =
  /connection terminated|connection error and is not queryable|timeout exceeded when trying to connect/i;

/**
 * The error for a client whose request failed because of the state of the database; undefined for any other
 * error.
 */
export function unavailability(error: unknown): DomainError | undefined {
  if (error instanceof BusyError || error instanceof OutcomeUnknownError) return error;
  if (!(error instanceof Error)) return undefined;
  const busy = new BusyError();
  const { message } = error;
  const code = codeOf(error);
  // Prisma wraps an error of the pool in one of its own, and keeps its code.
  if (code === busy.code) return busy;
  if (!codes.test(code) && !words.test(message)) return undefined;
  return new DatabaseUnavailableError(describe({ code, message }));
}

/** Of these, what breaks off a statement that the database may have executed. */
const brokenOff = /^(08(003|006|007)|57P01|ECONN(RESET|ABORTED)|EPIPE|ETIMEDOUT|P10(08|17))$/;
const wordsOfBrokenOff = /connection terminated/i;

/** Whether the database may have done what failed with this error. */
export function mayBeDone(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof BusyError || codeOf(error) === "UNAVAILABLE")
    return false;
  const isConnecting = /connection timeout|trying to connect/i.test(error.message);
  return !isConnecting && (brokenOff.test(codeOf(error)) || wordsOfBrokenOff.test(error.message));
}

/** PostgreSQL's own code where there is one; Prisma keeps it inside of its own error. */
function codeOf(error: Error): string {
  const { code, cause, meta } = error as Error & { code?: unknown; meta?: { driverAdapterError?: unknown } };
  const inner = (meta?.driverAdapterError as { cause?: unknown } | undefined)?.cause ?? cause;
  const { originalCode } = (inner ?? {}) as { originalCode?: unknown };
  return [originalCode, code].find((one): one is string => typeof one === "string") ?? "";
}
