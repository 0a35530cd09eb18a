import { GraphQLError, isEnumType } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";
import { schema } from "../schema/schema.ts";

const code = "PERSISTED_QUERY_NOT_SUPPORTED" satisfies ErrorCode;

const hasQuery = ({ query }: { query?: unknown }): boolean => query != null && query !== "";

/**
 * Clients with automatic persisted queries first send only the hash of a query. After this error, recognised
 * by message or code, they send the query itself and usually stop sending hashes (a convention of Apollo's
 * clients).
 */
export function refusePersistedQueries(): Plugin {
  return {
    onParams({ params }) {
      if (hasQuery(params) || params.extensions?.["persistedQuery"] == null) return;
      const extensions = { code, http: { status: 200 } };
      throw new GraphQLError("PersistedQueryNotSupported", { extensions });
    },
  };
}

/** A request without a query usually has the wrong content type, or is a browser opening the address. */
export function explainMissingQueries(): Plugin {
  return {
    onParams({ params, request }) {
      if (hasQuery(params) || params.extensions?.["persistedQuery"] != null) return;
      const advice =
        request.method === "GET"
          ? "Add ?query=…, or open this address in a browser: GraphiQL is here."
          : `Send JSON with a query: -d '{"query":"{ viewer { accountName } }"}'.`;
      const extensions = { code: "BAD_REQUEST" satisfies ErrorCode, http: { status: 400 } };
      throw new GraphQLError(`There is no query in the request. ${advice}`, { extensions });
    },
  };
}

/** What to do after errors that only say what is wrong, by their texts. */
const advices: Readonly<Record<string, string>> = {
  "Could not determine what operation to execute.":
    "The document has several operations, or none with this name: set `operationName` to the name of one of them.",
  "POST body sent invalid JSON.": `Send an object like {"query":"{ viewer { accountName } }"}, with every quotation mark closed.`,
  "Batching is not supported.":
    "Send each operation in a request of its own, or several fields in one operation.",
  "Can only perform a mutation operation from a POST request.": "Send it with POST.",
};

/** Adds what to do next. GraphQL says that an enum has no such value, but not which values it has. */
export function explain(error: GraphQLError): GraphQLError {
  const advice = valuesOfEnum(error.message) ?? advices[error.message];
  if (advice === undefined) return error;
  const { nodes, source, positions, extensions } = error;
  return new GraphQLError(`${error.message} ${advice}`, { nodes, source, positions, extensions });
}

function valuesOfEnum(problem: string): string | undefined {
  const [, name = ""] = /does not exist in "(\w+)" enum/.exec(problem) ?? [];
  const type = schema.getType(name);
  if (!isEnumType(type)) return undefined;
  const values = type.getValues().map((value) => value.name);
  return `It is one of ${values.join(", ")}.`;
}

const statusTexts: Readonly<Record<number, string>> = {
  406:
    "None of the forms in your Accept header is one this answer has. Queries and mutations are answered as " +
    "application/json or application/graphql-response+json; subscriptions as text/event-stream, as " +
    "multipart/mixed;subscriptionSpec=1.0 (the parameter must be there), or over a WebSocket (graphql-transport-ws).",
};

/** Yoga answers some requests with only a status. This adds a body that explains it. */
export function explainStatus(): Plugin {
  return {
    onResponse(answer) {
      const { response, fetchAPI } = answer;
      const message = statusTexts[response.status];
      if (message === undefined || response.body !== null) return;
      const errors = [{ message, extensions: { code: "BAD_REQUEST" satisfies ErrorCode } }];
      const headers = new fetchAPI.Headers(response.headers);
      headers.set("content-type", "application/json; charset=utf-8");
      // Yoga lists all forms once for each that was asked for: a stranger's 16 KB would become half a megabyte.
      headers.delete("accept");
      answer.setResponse(
        new fetchAPI.Response(JSON.stringify({ errors }), { status: response.status, headers }),
      );
    },
  };
}
