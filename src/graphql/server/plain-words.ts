import { GraphQLError, isEnumType } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";
import { schema } from "../schema/schema.ts";

const code = "PERSISTED_QUERY_NOT_SUPPORTED" satisfies ErrorCode;

/**
 * Clients with automatic persisted queries first send only the hash of a query. After this error, recognised
 * by message or code, they send the query itself and usually stop sending hashes (a convention of Apollo's
 * clients).
 */
export function refusePersistedQueries(): Plugin {
  return {
    onParams({ params }) {
      if (params.query != null || params.extensions?.["persistedQuery"] == null) return;
      const extensions = { code, http: { status: 200 } };
      throw new GraphQLError("PersistedQueryNotSupported", { extensions });
    },
  };
}

/** A request without a query usually has the wrong content type, or is a browser opening the address. */
export function explainMissingQueries(): Plugin {
  return {
    onParams({ params, request }) {
      if (params.query != null || params.extensions?.["persistedQuery"] != null) return;
      const advice =
        request.method === "GET"
          ? "Add ?query=…, or open this address in a browser: GraphiQL is here."
          : `Send JSON with a query: -d '{"query":"{ viewer { account } }"}'.`;
      const extensions = { code: "BAD_REQUEST" satisfies ErrorCode, http: { status: 400 } };
      throw new GraphQLError(`There is no query in the request. ${advice}`, { extensions });
    },
  };
}

/** GraphQL says that an enum has no such value, but not which values it has. */
export function explainEnum(error: GraphQLError): GraphQLError {
  const [, name = ""] = /does not exist in "(\w+)" enum/.exec(error.message) ?? [];
  const type = schema.getType(name);
  if (!isEnumType(type)) return error;
  const values = type.getValues().map((value) => value.name);
  const { nodes, source, positions, extensions } = error;
  const message = `${error.message} It is one of ${values.join(", ")}.`;
  return new GraphQLError(message, { nodes, source, positions, extensions });
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
      answer.setResponse(
        new fetchAPI.Response(JSON.stringify({ errors }), { status: response.status, headers }),
      );
    },
  };
}
