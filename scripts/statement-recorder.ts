import { appendFileSync } from "node:fs";
import { Client, type QueryConfig } from "pg";

/** A statement as smsgraph sent it, with its parameters in PostgreSQL's own texts. */
export interface RecordedStatement {
  /** Absent: one of Prisma's. */
  name?: string;
  text: string;
  values: (string | null)[];
}

/** Larger ones are not kept: there is nearly always a smaller one of the same statement. */
const mostCharacters = 8_000;

/**
 * Loaded into every process of a test run (`--import`): writes down each statement of smsgraph, the smallest parameters
 * of each last.
 */
function recordStatements(file: string): void {
  const smallest = new Map<string, number>();
  // oxlint-disable-next-line typescript/unbound-method -- called with the client below.
  const send = Client.prototype.query as (...values: unknown[]) => unknown;
  Client.prototype.query = function record(this: Client, ...given: unknown[]): unknown {
    const recorded = toRecord(given[0], given[1]);
    const size = recorded && JSON.stringify(recorded.values).length;
    if (recorded && size !== undefined && size < (smallest.get(keyOf(recorded)) ?? mostCharacters)) {
      smallest.set(keyOf(recorded), size);
      appendFileSync(file, `${JSON.stringify(recorded)}\n`);
    }
    return Reflect.apply(send, this, given);
  } as typeof Client.prototype.query;
}

/** Lists of values differ only in their lengths. */
export const keyOf = ({ name, text }: RecordedStatement): string =>
  name ?? text.replaceAll(/\(\$\d+(,\s*\$\d+)*\)/g, "(…)");

function toRecord(first: unknown, second: unknown): RecordedStatement | undefined {
  if (typeof first !== "object" || first === null || !("text" in first)) return undefined;
  const { name, text, values = second } = first as QueryConfig & { name?: string };
  const isPrisma = /^(SELECT|INSERT|UPDATE|DELETE)\b.*"public"\./s.test(text);
  if ((name === undefined && !isPrisma) || text.includes("graphile_worker._private")) return undefined;
  const list = Array.isArray(values) ? values : [];
  return { ...(name !== undefined && !isPrisma && { name }), text, values: list.map(toText) };
}

/** As `pg` would send it. */
function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  if (ArrayBuffer.isView(value))
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  if (Array.isArray(value)) return `{${value.map(toElement).join(",")}}`;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "string" ? value : JSON.stringify(value);
}

function toElement(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return toText(value) ?? "NULL";
  return JSON.stringify(toText(value));
}

// oxlint-disable-next-line node/no-process-env
const { RECORD_STATEMENTS } = process.env;
if (RECORD_STATEMENTS !== undefined) recordStatements(`${RECORD_STATEMENTS}/${process.pid}.jsonl`);
