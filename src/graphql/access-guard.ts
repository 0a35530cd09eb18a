import { GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Access } from "../access/access.ts";
import type { Allowance } from "../access/allowance.ts";
import type { Viewer } from "../access/api-keys.ts";
import { DomainError } from "../errors.ts";
import type { Context } from "./context.ts";
import { checkWatched } from "./watch-guard.ts";
import type { ServerContext } from "./yoga.ts";

export interface AccessGuardOptions {
  access: Access;
  allowance: Allowance;
}

type GuardedContext = Context & ServerContext;

/**
 * Every operation passes here, by whichever transport it came: with a watch token it is checked before anything runs,
 * and a subscription takes its place among those allowed and, unless its socket is, is held by the key it came with.
 */
export class AccessGuard {
  readonly #access: Access;
  readonly #allowance: Allowance;

  constructor({ access, allowance }: AccessGuardOptions) {
    this.#access = access;
    this.#allowance = allowance;
  }

  /**
   * An operation within what a watch token opens may read; every other has no scope at all. Returns why it may not
   * run.
   */
  admit(args: ExecutionArgs): GraphQLError | undefined {
    const context = args.contextValue as { viewer: Viewer | undefined };
    const { viewer } = context;
    if (!viewer?.watches) return undefined;
    const refused = checkWatched(args, viewer.watches);
    if (refused) return toGraphqlError(refused);
    context.viewer = { ...viewer, scopes: new Set(["READ"]) };
    return undefined;
  }

  /**
   * Takes the place of a subscription, and calls `end` once, when its viewer may no longer be served. Returns how to
   * leave.
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

  #takePlace(viewer: Viewer | undefined, socket: object | undefined): () => void {
    try {
      return this.#allowance.takeSubscription(viewer, socket);
    } catch (error) {
      throw error instanceof DomainError ? toGraphqlError(error) : error;
    }
  }
}

/** Puts the guard into the pipeline. */
export function guardAccess(guard: AccessGuard): Plugin<GuardedContext> {
  return {
    onExecute: ({ args, executeFn, setExecuteFn }) => {
      if (!args.contextValue.viewer?.watches) return;
      setExecuteFn((given: ExecutionArgs) => {
        const refused = guard.admit(given);
        return refused ? { errors: [refused] } : executeFn(given);
      });
    },
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => {
      setSubscribeFn(async (given: ExecutionArgs) => {
        const refused = guard.admit(given);
        return refused ? { errors: [refused] } : subscribeWithin(guard, given, subscribeFn);
      });
    },
  };
}

type Results = AsyncIterableIterator<ExecutionResult>;

async function subscribeWithin(
  guard: AccessGuard,
  args: ExecutionArgs,
  subscribe: (args: ExecutionArgs) => Promise<Results | ExecutionResult>,
): Promise<Results | ExecutionResult> {
  const guarded = new GuardedResults();
  try {
    guarded.leave = guard.enter(args.contextValue as GuardedContext, (error) => guarded.endWith(error));
    const results = await subscribe(args);
    if (Symbol.asyncIterator in results) return guarded.begin(results);
    guarded.leave();
    return results;
  } catch (error) {
    guarded.leave();
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

/** The results of a subscription, until it is ended from outside; then the reason, and the end. */
class GuardedResults implements Results {
  leave: () => void = () => undefined;
  #results: Results | undefined;
  #lastWord: ExecutionResult | undefined;

  begin(results: Results): this {
    this.#results = results;
    if (this.#lastWord) void results.return?.();
    return this;
  }

  endWith(error: GraphQLError): void {
    this.#lastWord = { errors: [error] };
    // Whoever waits for the next event gets the last word instead.
    void this.#results?.return?.();
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    try {
      const result = this.#lastWord ? done : await this.#results?.next();
      if (result && !result.done && !this.#lastWord) return result;
      this.leave();
      const value = this.#lastWord;
      this.#lastWord = undefined;
      return value ? { done: false, value } : done;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.leave();
    await this.#results?.return?.();
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const done = { done: true, value: undefined } as const;

const toGraphqlError = (error: DomainError): GraphQLError =>
  new GraphQLError(error.message, { originalError: error, extensions: { code: error.code } });
