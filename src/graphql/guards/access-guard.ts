import { GraphQLError, type ExecutionArgs } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Access } from "../../access/access.ts";
import type { Allowance } from "../../access/allowance.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { DomainError } from "../../lib/errors.ts";
import type { Context } from "../context.ts";
import { checkWatched } from "./watch-guard.ts";
import type { ServerContext } from "../transport-context.ts";

export interface AccessGuardOptions {
  access: Access;
  allowance: Allowance;
}

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

/** Puts the guard before queries and mutations; subscriptions pass it where they start. */
export function guardAccess(guard: AccessGuard): Plugin<Context> {
  return {
    onExecute: ({ args, executeFn, setExecuteFn }) => {
      if (!args.contextValue.viewer?.watches) return;
      setExecuteFn((given: ExecutionArgs) => {
        const refused = guard.admit(given);
        return refused ? { errors: [refused] } : executeFn(given);
      });
    },
  };
}

const toGraphqlError = (error: DomainError): GraphQLError =>
  new GraphQLError(error.message, { originalError: error, extensions: { code: error.code } });
