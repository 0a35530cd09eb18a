import { GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Access } from "../../access/access.ts";
import type { Allowance } from "../../access/allowance.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { FairShares, type Leave, type OperationLimits } from "../../access/fair-shares.ts";
import {
  DomainError,
  ForbiddenError,
  InvalidInputError,
  QueryTooComplexError,
  TooManyRequestsError,
} from "../../lib/errors.ts";
import type { Context } from "../context.ts";
import {
  maxAnswerLength,
  maxBreadth,
  maxComplexity,
  maxDepth,
  maxFrameComplexity,
  maxNesting,
} from "../schema/limits.ts";
import { isLongerThan } from "./answer-size.ts";
import { isNestedDeeper } from "./nesting.ts";
import { planOf, type OperationPlan } from "./operation-plan.ts";
import { checkWatched } from "./watch-guard.ts";
import type { ServerContext } from "../transport-context.ts";

/**
 * How many subscriptions may be starting at once. A start reads from the database, and after a restart all clients come
 * back together: they wait for their turn, also as long as the database is away.
 */
const starting = { queries: 16, mutations: 0, cost: 0, waiting: Infinity, waitingCost: Infinity };
const startLimits: OperationLimits = {
  socket: starting,
  key: { ...starting, queries: 32 },
  account: { ...starting, queries: 32 },
  maxWaitMs: 3_600_000,
};

interface AccessGuardOptions {
  access: Access;
  allowance: Allowance;
  shares: FairShares;
}

type Checked = Pick<ServerContext, "viewer" | "socket" | "untilSent">;

/**
 * Every operation passes this guard before it runs, over every transport. Its size and its fields are checked
 * against the caller's rights; for a watch token its arguments are checked too. A query or mutation takes a
 * place among the running operations. A subscription takes a place among the open ones, and ends when its key
 * ends, unless its socket does that already.
 */
export class AccessGuard {
  readonly #access: Access;
  readonly #allowance: Allowance;
  readonly #shares: FairShares;
  readonly #starts = new FairShares(startLimits);

  constructor({ access, allowance, shares }: AccessGuardOptions) {
    this.#access = access;
    this.#allowance = allowance;
    this.#shares = shares;
  }

  /**
   * Checks whether an operation may run; returns the error when it may not. An operation that a watch token
   * allows gets the scope READ; every other operation of that token gets no scope.
   */
  admit(args: ExecutionArgs): GraphQLError | undefined {
    const plan = planOf(args.schema, args.document, args.operationName);
    const refused = plan && this.#check(args, plan);
    return refused && toGraphqlError(refused);
  }

  /** Runs a query or mutation when it is the caller's turn. */
  run(
    args: ExecutionArgs,
    execute: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>,
  ): ExecutionResult | Promise<ExecutionResult> {
    const plan = planOf(args.schema, args.document, args.operationName);
    if (!plan) return execute(args);
    try {
      const refused = this.#check(args, plan);
      if (refused) throw refused;
      const { viewer, socket } = args.contextValue as Checked;
      const kind = plan.kind === "mutation" ? "mutations" : "queries";
      const place = this.#shares.enter({ viewer, socket }, { kind, cost: costOf(args, plan) });
      if (typeof place === "function") return runIn(place, args, plan, execute);
      return place.then((leave) => runIn(leave, args, plan, execute)).catch(refusalOf);
    } catch (error) {
      return refusalOf(error);
    }
  }

  /**
   * Takes a place for a subscription. `end` is called once, when the viewer loses access. Returns how to give
   * the place back.
   * @throws GraphQLError when there are too many
   */
  enter({ viewer, socket, endsWithSocket }: ServerContext, end: (error: GraphQLError) => void): () => void {
    const leave = this.#takePlace(viewer, socket);
    if (!viewer || endsWithSocket) return leave;
    const release = this.#access.hold(viewer, (error) => end(toGraphqlError(error)));
    return () => {
      release();
      leave();
    };
  }

  /** Waits for the caller's turn to start a subscription. Returns how to give the turn to the next. */
  async turnToStart({ viewer, socket }: ServerContext): Promise<Leave> {
    return this.#starts.enter({ viewer, socket }, { kind: "queries", cost: 0 });
  }

  #check(args: ExecutionArgs, plan: OperationPlan): DomainError | undefined {
    const context = args.contextValue as Checked;
    const { viewer } = context;
    if (isNestedDeeper(args.variableValues, maxNesting)) return tooNested();
    const tooLarge = sizeProblem(args, plan);
    if (tooLarge || !viewer) return tooLarge;
    if (!viewer.watches) return lackedScope(plan, viewer);
    const refused = checkWatched(args, viewer.watches);
    if (refused) return refused;
    context.viewer = { ...viewer, scopes: new Set(["READ"]) };
    return lackedScope(plan, context.viewer);
  }

  #takePlace(viewer: Viewer | undefined, socket: object | undefined): () => void {
    try {
      return this.#allowance.takeSubscription(viewer, socket);
    } catch (error) {
      throw error instanceof DomainError ? toGraphqlError(error) : error;
    }
  }
}

/** Applies the guard to queries and mutations. Subscriptions call it when they start. */
export function guardAccess(guard: AccessGuard): Plugin<Context> {
  return {
    onExecute: ({ executeFn, setExecuteFn }) =>
      setExecuteFn((args: ExecutionArgs) => guard.run(args, executeFn as never)),
  };
}

/** An answer that has not been sent yet is still in memory, so its place is kept until it is sent. */
async function runIn(
  leave: Leave,
  args: ExecutionArgs,
  { kind }: OperationPlan,
  execute: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  const { untilSent } = args.contextValue as Checked;
  try {
    const result = await execute(args);
    return isLongerThan(result.data, maxAnswerLength) ? { errors: [toGraphqlError(tooLong(kind))] } : result;
  } finally {
    if (untilSent) untilSent(leave);
    else leave();
  }
}

const costOf = ({ variableValues }: ExecutionArgs, plan: OperationPlan): number =>
  plan.cost(variableValues ?? {});

function sizeProblem(args: ExecutionArgs, plan: OperationPlan): QueryTooComplexError | undefined {
  const most = plan.kind === "subscription" ? maxFrameComplexity : maxComplexity;
  const problem =
    (plan.depth > maxDepth && `its fields are nested ${plan.depth} deep, and ${maxDepth} are allowed`) ||
    (plan.breadth > maxBreadth && `it has ${plan.breadth} fields, and ${maxBreadth} are allowed`) ||
    (costOf(args, plan) > most &&
      `its answer could hold ${costOf(args, plan)} values, and ${most} are allowed`);
  if (!problem) return undefined;
  return new QueryTooComplexError(
    `The query is too large: ${problem}. Ask for fewer fields, or for smaller pages.`,
  );
}

function lackedScope({ needs }: OperationPlan, { scopes, keyName }: Viewer): ForbiddenError | undefined {
  const lacked = needs.find(({ anyOf }) => !anyOf.some((scope) => scopes.has(scope)));
  if (!lacked) return undefined;
  return new ForbiddenError(
    `\`${lacked.field}\` needs the scope ${lacked.anyOf.join(" or ")}, which the key "${keyName}" does not have. ` +
      "Nothing was done. Leave the field out, or use a key that has it.",
  );
}

const tooLong = (kind: OperationPlan["kind"]): QueryTooComplexError =>
  new QueryTooComplexError(
    `The answer has more than ${maxAnswerLength / 1e6} million characters. ` +
      `${kind === "mutation" ? "The changes were made. " : ""}Ask for fewer fields, or for smaller pages.`,
  );

const tooNested = (): InvalidInputError =>
  new InvalidInputError(
    "variables",
    `The variables are nested more than ${maxNesting} deep. Write them flatter.`,
  );

function refusalOf(error: unknown): ExecutionResult {
  if (error instanceof DomainError) return { errors: [toGraphqlError(error)] };
  throw error;
}

const statuses: Readonly<Record<string, number>> = { FORBIDDEN: 403, TOO_MANY_REQUESTS: 429 };

function toGraphqlError(error: DomainError): GraphQLError {
  const { message, code } = error;
  const headers = error instanceof TooManyRequestsError && { "retry-after": String(error.retryAfterSeconds) };
  const http = { status: statuses[code] ?? 400, ...(headers && { headers }) };
  return new GraphQLError(message, { originalError: error, extensions: { code, http } });
}
