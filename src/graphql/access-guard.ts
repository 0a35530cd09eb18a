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
type Results = AsyncIterableIterator<ExecutionResult>;

/**
 * Every operation passes here, by whichever transport it came: with a watch token it is checked before anything runs,
 * and a subscription takes its place among those allowed and, unless its socket is, is held by the key it came with.
 */
export function guardAccess(options: AccessGuardOptions): Plugin<GuardedContext> {
  return {
    onExecute: ({ args, executeFn, setExecuteFn }) => {
      if (!args.contextValue.viewer?.watches) return;
      setExecuteFn((given: ExecutionArgs) => {
        const refused = admit(given);
        return refused ? { errors: [refused] } : executeFn(given);
      });
    },
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => {
      setSubscribeFn(async (given: ExecutionArgs) => {
        const refused = admit(given);
        if (refused) return { errors: [refused] };
        return subscribeWithin(options, given.contextValue as GuardedContext, () => subscribeFn(given));
      });
    },
  };
}

/** An operation within what the token opens may read; every other has no scope at all. Returns why it may not run. */
function admit(args: ExecutionArgs): GraphQLError | undefined {
  const context = args.contextValue as { viewer: Viewer | undefined };
  const { viewer } = context;
  if (!viewer?.watches) return undefined;
  const refused = checkWatched(args, viewer.watches);
  if (!refused) context.viewer = { ...viewer, scopes: new Set(["READ"]) };
  return refused && toGraphqlError(refused);
}

async function subscribeWithin(
  { access, allowance }: AccessGuardOptions,
  { viewer, socket, endsWithSocket }: GuardedContext,
  subscribe: () => Promise<Results | ExecutionResult>,
): Promise<Results | ExecutionResult> {
  let leave: () => void;
  try {
    leave = allowance.takeSubscription(viewer?.accountId, socket);
  } catch (error) {
    if (error instanceof DomainError) return { errors: [toGraphqlError(error)] };
    throw error;
  }
  try {
    const results = await subscribe();
    const isStream = Symbol.asyncIterator in results;
    if (isStream) return holdResults(results, leave, endsWithSocket ? undefined : { access, viewer });
    leave();
    return results;
  } catch (error) {
    leave();
    throw error;
  }
}

/** The same results, until the viewer they are held by may no longer have them; then the reason, and the end. */
function holdResults(
  results: Results,
  leave: () => void,
  by: { access: Access; viewer: Viewer | undefined } | undefined,
): Results {
  let lastWord: ExecutionResult | undefined;
  const done = { done: true, value: undefined } as const;
  const over = (): void => {
    release?.();
    leave();
  };
  const release =
    by?.viewer &&
    by.access.hold(by.viewer, (error) => {
      lastWord = { errors: [toGraphqlError(error)] };
      leave();
      // Whoever waits for the next event gets the last word instead.
      void results.return?.();
    });
  return {
    async next() {
      try {
        const result = lastWord ? done : await results.next();
        if (!result.done && !lastWord) return result;
        over();
        const value = lastWord;
        lastWord = undefined;
        return value ? { done: false, value } : done;
      } catch (error) {
        over();
        throw error;
      }
    },
    async return() {
      over();
      await results.return?.();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const toGraphqlError = (error: DomainError): GraphQLError =>
  new GraphQLError(error.message, { originalError: error, extensions: { code: error.code } });
