import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";

/**
 * An `EventSource` reconnects after every stream that ends, even after an error that would only happen again.
 * Such an error gets this id. The browser sends it back when it reconnects, and the answer 204 makes it stop.
 */
const endedId = "ended";

/** The SSE fields that carry this id and make the browser reconnect at once. */
export const endedFields = `id: ${endedId}\nretry: 100\n`;

/** Errors that may be over when the client reconnects. It then continues from its last event. */
const passing: ReadonlySet<unknown> = new Set<ErrorCode>(["UNAVAILABLE", "INTERNAL"]);

export function endEventSources(): Plugin {
  return {
    onRequest(incoming) {
      const { request, fetchAPI } = incoming;
      if (isEventSource(request) && request.headers.get("last-event-id") === endedId)
        incoming.endResponse(new fetchAPI.Response(null, { status: 204 }));
    },
    onResultProcess(answer) {
      const { request, result, resultProcessor } = answer;
      if (!resultProcessor || !isEventSource(request) || !hasLastingError(result)) return;
      answer.setResultProcessor(async (errors, fetchAPI, type) => {
        const response = await resultProcessor(errors, fetchAPI, type);
        const text = (await response.text()).replace("event: next\n", `event: next\n${endedFields}`);
        return new fetchAPI.Response(text, response);
      }, "text/event-stream");
    },
  };
}

/** An `EventSource` accepts only this type. Clients that accept others too can read an error themselves. */
const isEventSource = ({ headers }: Request): boolean =>
  headers.get("accept")?.trim().toLowerCase() === "text/event-stream";

/** True for a result with errors and no data: the operation never began. */
function hasLastingError(result: object): boolean {
  if (!("errors" in result) || !Array.isArray(result.errors) || "data" in result) return false;
  const errors = result.errors as readonly { extensions?: Record<string, unknown> }[];
  return errors.every(({ extensions }) => !passing.has(extensions?.["code"]));
}
