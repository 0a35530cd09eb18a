import { BREAK, GraphQLError, validate, visit, type DocumentNode } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { WebSettings } from "../../http/browser-guard.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import type { Context } from "../context.ts";

/**
 * Shows the schema to nobody, or only with a key. The full schema is large, and all callers without a key use one
 * share.
 */
export function guardSchema(shownTo: WebSettings["introspection"]): Plugin<Context> {
  return {
    onExecute: ({ args, setExecuteFn }) => {
      const { viewer } = args.contextValue;
      if (shownTo === "keys" && viewer && !viewer.watches) return;
      if (asksForSchema(args.document)) setExecuteFn(() => ({ errors: [refusal(shownTo)] }));
    },
  };
}

/** Without the names that are like a wrong one: they give the schema away bit by bit. */
export function hideSuggestions(): Plugin {
  return {
    onValidate: ({ setValidationFn }) =>
      setValidationFn(((schema, document, rules, options) =>
        validate(schema, document, rules, { ...options, hideSuggestions: true })) as typeof validate),
  };
}

function refusal(shownTo: WebSettings["introspection"]): GraphQLError {
  const [message, code]: [string, ErrorCode] =
    shownTo === "keys"
      ? ["The schema is shown only with a key. Send `Authorization: Bearer <key>`.", "UNAUTHENTICATED"]
      : [
          "The schema is not shown here. Who runs the server shows it with `INTROSPECTION=keys`.",
          "FORBIDDEN",
        ];
  return new GraphQLError(message, { extensions: { code } });
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
