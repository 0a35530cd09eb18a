import { GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import { actingAs } from "../../audit/actor.ts";
import type { Access } from "../../access/access.ts";
import type { Allowance } from "../../access/allowance.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { FairShares, type Leave, type OperationLimits } from "../../access/fair-shares.ts";
import { setRateHeaders } from "../../access/rate-headers.ts";
import type { Amounts, RateLimiter } from "../../access/rate-limiter.ts";
import type { LimitKind } from "../../access/rate-limits.ts";
import {
  DomainError,
  ForbiddenError,
  InvalidInputError,
  QueryTooComplexError,
  RateLimitedError,
  TooManyRequestsError,
} from "../../lib/errors.ts";
import type { Context } from "../context.ts";
import {
  maxAnswerLength,
  maxBreadth,
  maxComplexity,
  maxDepth,
  maxFrameComplexity,
  maxListEntries,
  maxNesting,
} from "../schema/limits.ts";
import { isLongerThan } from "./answer-size.ts";
import { shapeProblem } from "./nesting.ts";
import { areOdd } from "./odd-variables.ts";
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
  limiter: RateLimiter;
}

type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;

type Checked = Pick<ServerContext, "viewer" | "socket" | "untilSent" | "res"> & {
  params?: { extensions?: Record<string, unknown> };
};

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
  readonly #limiter: RateLimiter;
  readonly #starts = new FairShares(startLimits);

  constructor({ access, allowance, shares, limiter }: AccessGuardOptions) {
    this.#access = access;
    this.#allowance = allowance;
    this.#shares = shares;
    this.#limiter = limiter;
  }

  /**
   * Checks whether an operation may run; returns the error when it may not. An operation that a watch token
   * allows gets the scope READ; every other operation of that token gets no scope.
   */
  admit(args: ExecutionArgs): GraphQLError | undefined {
    const plan = planOf(args.schema, args.document, args.operationName);
    if (!plan) return undefined;
    const refused = this.#check(args, plan) ?? this.#use(args, plan);
    return refused && toGraphqlError(refused);
  }

  /** Runs a query or mutation when it is the caller's turn. */
  run(args: ExecutionArgs, execute: Execute): ExecutionResult | Promise<ExecutionResult> {
    const plan = planOf(args.schema, args.document, args.operationName);
    if (!plan) return execute(args);
    try {
      const refused = this.#check(args, plan) ?? this.#use(args, plan);
      if (refused) throw refused;
      const { viewer, socket, params } = args.contextValue as Checked;
      const kind = plan.kind === "mutation" ? "mutations" : "queries";
      const place = this.#shares.enter({ viewer, socket }, { kind, cost: costOf(args, plan) });
      const executeAs = actorOf(viewer, plan, execute);
      const result =
        typeof place === "function"
          ? runIn(place, args, plan, executeAs)
          : place.then((leave) => runIn(leave, args, plan, executeAs)).catch(refusalOf);
      return params?.extensions?.["cost"] === true ? this.#withCost(result, args, plan) : result;
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
    const misshapen = shapeProblem(args.variableValues, { depth: maxNesting, entries: maxListEntries });
    if (misshapen) return misshapen === "depth" ? tooNested() : tooManyEntries();
    if (areOdd(args.schema, plan.variables, args.variableValues ?? {})) return oddVariables();
    const tooLarge = sizeProblem(args, plan);
    if (tooLarge || !viewer) return tooLarge;
    if (!viewer.watches) return lackedScope(plan, viewer);
    const refused = checkWatched(args, viewer.watches);
    if (refused) return refused;
    context.viewer = { ...viewer, scopes: new Set(["READ"]) };
    return lackedScope(plan, context.viewer);
  }

  /** Counts the operation against the limits of its key, and says in the headers what is left of them. */
  #use(args: ExecutionArgs, plan: OperationPlan): RateLimitedError | undefined {
    const { viewer, res } = args.contextValue as Checked;
    const amounts = amountsOf(args, plan);
    const refused = this.#limiter.take(viewer, amounts);
    if (res) setRateHeaders(res, this.#limiter.of(viewer).standings(Object.keys(amounts) as LimitKind[]));
    return refused;
  }

  /** Says what the operation cost, and what is left, to a client that asks with `extensions.cost`. */
  async #withCost(
    running: Promise<ExecutionResult>,
    args: ExecutionArgs,
    plan: OperationPlan,
  ): Promise<ExecutionResult> {
    const { viewer } = args.contextValue as Checked;
    const result = await running;
    const cost = { operation: costOf(args, plan), limits: this.#limiter.of(viewer).standings() };
    return { ...result, extensions: { ...result.extensions, cost } };
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
  execute: Execute,
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

/** What a mutation changes is recorded as changed by its key. */
function actorOf(viewer: Viewer | undefined, { kind }: OperationPlan, execute: Execute): Execute {
  if (kind !== "mutation" || !viewer) return execute;
  const { keyId, keyName, keyPrefix, address } = viewer;
  return (args) => actingAs({ kind: "API_KEY", keyId, keyName, keyPrefix, address }, () => execute(args));
}

function amountsOf(args: ExecutionArgs, plan: OperationPlan): Amounts {
  const [requests, cost] = [1, costOf(args, plan)];
  if (plan.kind === "subscription") return { requests, cost, subscriptions: 1 };
  const sends = plan.kind === "mutation" ? plan.sends(args.variableValues ?? {}) : 0;
  return sends > 0 ? { requests, cost, sends } : { requests, cost };
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

const oddVariables = (): InvalidInputError =>
  new InvalidInputError(
    "variables",
    "The variables have hundreds of values that the types of the operation's variables do not describe. Compare them with the schema.",
  );

const tooManyEntries = (): InvalidInputError =>
  new InvalidInputError(
    "variables",
    `A list in the variables has more than ${maxListEntries} entries. Send it in parts.`,
  );

function refusalOf(error: unknown): ExecutionResult {
  if (error instanceof DomainError) return { errors: [toGraphqlError(error)] };
  throw error;
}

const statuses: Readonly<Record<string, number>> = { FORBIDDEN: 403, TOO_MANY_REQUESTS: 429 };

/** A refusal of thousands at once is the same error for all. */
const refusals = new WeakMap<DomainError, GraphQLError>();

function toGraphqlError(error: DomainError): GraphQLError {
  const known = refusals.get(error);
  if (known) return known;
  const made = graphqlErrorOf(error);
  refusals.set(error, made);
  return made;
}

function graphqlErrorOf(error: DomainError): GraphQLError {
  const { message, code } = error;
  const isLimited = error instanceof TooManyRequestsError || error instanceof RateLimitedError;
  const headers = isLimited && { "retry-after": String(error.retryAfterSeconds) };
  const http = { status: statuses[code] ?? 400, ...(headers && { headers }) };
  return new GraphQLError(message, { originalError: error, extensions: { code, http } });
}
