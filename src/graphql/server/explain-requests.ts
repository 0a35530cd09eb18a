import { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";

/** Yoga answers other content types with only a status. This explains what to send. */
export function explainContentType(): Plugin {
  const message = "This content type is not taken. Send JSON, with `Content-Type: application/json`.";
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser) return;
      setRequestParser(() => {
        throw new GraphQLError(message, { extensions: { http: { status: 415 } } });
      });
    },
  };
}

/** In the query of a URL and in a form, these parameters are JSON. Yoga takes it for a fault of ours when they are not. */
export function explainParameters(): Plugin {
  const extensions = { code: "BAD_REQUEST" satisfies ErrorCode, http: { status: 400 } };
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (!requestParser) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          throw new GraphQLError("`variables` and `extensions` must be JSON.", { extensions });
        }
      });
    },
  };
}
