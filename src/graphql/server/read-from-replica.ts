import { getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Database } from "../../database/database.ts";
import type { ReadReplica } from "../../database/read-replica.ts";
import { BusyError, DomainError, InvalidCursorError } from "../../lib/errors.ts";
import { behind, comparePositions, decodeCursor } from "../../messages/log/event-log.ts";
import { createContext, type Context, type Services } from "../context.ts";
import { Reads } from "../reads.ts";

export interface ReplicaReadsOptions {
  services: Services;
  replica: ReadReplica;
  /** Called for each query. */
  onQuery?: (from: "replica" | "primary") => void;
}

type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;
type Checked = Context & { params?: { extensions?: Record<string, unknown> } };

/**
 * Answers queries from a replica. Who sends `extensions.after`, a cursor of any answer or stream, gets an answer that shows
 * at least what that cursor covers, if need be from the primary; and, in `extensions.after` of the answer, the cursor that
 * covers it, for the next query. The first time it is null.
 */
export function readFromReplica(options: ReplicaReadsOptions): Plugin {
  const reads = new ReplicaReads(options);
  return {
    onExecute: ({ executeFn, setExecuteFn }) =>
      setExecuteFn((args: ExecutionArgs) => reads.execute(args, executeFn as Execute)),
  };
}

class ReplicaReads {
  readonly #replica: ReadReplica;
  readonly #primary: Database;
  /** With the replica in place of the primary. */
  readonly #services: Services;
  readonly #onQuery: (from: "replica" | "primary") => void;

  constructor({ services, replica, onQuery = () => undefined }: ReplicaReadsOptions) {
    const { database } = replica;
    this.#replica = replica;
    this.#primary = services.database;
    this.#services = { ...services, database, reads: new Reads(database) };
    this.#onQuery = onQuery;
  }

  async execute(args: ExecutionArgs, execute: Execute): Promise<ExecutionResult> {
    const { extensions = {} } = (args.contextValue as Checked).params ?? {};
    const isCovered = Object.hasOwn(extensions, "after");
    const after = isCovered ? readAfter(extensions["after"]) : 0n;
    if (after === undefined) return invalidCursor();
    const { result, database } = await this.#executeSomewhere(args, execute, after);
    if (!isCovered) return result;
    // What was done is told in any case.
    const last = await this.#replica.lastSeen(database).catch(() => undefined);
    if (last === undefined) return result;
    return { ...result, extensions: { ...result.extensions, after: writeAfter(last) } };
  }

  async #executeSomewhere(args: ExecutionArgs, execute: Execute, after: bigint) {
    const isQuery = getOperationAST(args.document, args.operationName)?.operation === "query";
    if (isQuery && this.#replica.isUsable && (await this.#replica.covers(after))) {
      const result = await execute({ ...args, contextValue: this.#contextOf(args.contextValue as Checked) });
      if (!result.errors?.some(isOfReplica)) {
        this.#onQuery("replica");
        return { result, database: this.#replica.database };
      }
    }
    if (isQuery) this.#onQuery("primary");
    return { result: await execute(args), database: this.#primary };
  }

  #contextOf(context: Checked): Checked {
    const replaced = createContext(this.#services, context.viewer);
    const shown = behind(this.#replica.horizon - 1n);
    const readPosition = comparePositions(shown, replaced.readPosition) < 0 ? shown : replaced.readPosition;
    return { ...context, ...replaced, readPosition };
  }
}

/** A replica may be away, refuse to write, or end a query that would hold up what it has to apply. */
function isOfReplica({ originalError }: GraphQLError): boolean {
  if (originalError instanceof BusyError) return true;
  const isRefusal = originalError instanceof DomainError || originalError instanceof GraphQLError;
  return originalError instanceof Error && !isRefusal;
}

/** The transaction that a cursor covers, with all before it. Undefined when it is none. */
function readAfter(cursor: unknown): bigint | undefined {
  if (cursor === null) return 0n;
  if (typeof cursor !== "string") return undefined;
  const seen = /^2:(\d{1,19})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"))?.[1];
  return seen === undefined ? decodeCursor(cursor)?.tx : BigInt(seen);
}

/** No place in the event log: of transactions before it some may be open yet, and their events are still to come. */
const writeAfter = (transaction: bigint): string => Buffer.from(`2:${transaction}`).toString("base64url");

function invalidCursor(): ExecutionResult {
  const { message, code } = new InvalidCursorError("extensions.after");
  return { errors: [new GraphQLError(message, { extensions: { code, http: { status: 400 } } })] };
}
