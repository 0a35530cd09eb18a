import { BREAK, GraphQLError, visit, type DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";
import type { Context } from "../context.ts";

const code = "UNAUTHENTICATED" satisfies ErrorCode;

/**
 * Shows the schema only with a key. The full schema is large, and all callers without a key use one
 * share.
 */
export function guardSchema(): Plugin<Context> {
  const message = "The schema is shown only with a key. Send `Authorization: Bearer <key>`.";
  return {
    onExecute: ({ args, setExecuteFn }) => {
      if (args.contextValue.viewer || !asksForSchema(args.document)) return;
      setExecuteFn(() => ({ errors: [new GraphQLError(message, { extensions: { code } })] }));
    },
  };
}

function asksForSchema(document: DocumentNode): boolean {
  let asks = false;
  visit(document, {
    Field({ name: { value } }) {
      if (value !== "__schema" && value !== "__type") return undefined;
      asks = true;
      return BREAK;
    },
  });
  return asks;
}
