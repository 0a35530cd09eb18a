import type { Plugin } from "graphql-yoga";
import type { ErrorCode } from "../../lib/errors.ts";

/**
 * An `EventSource` comes back to every stream that ends, also to one that ended with an error and would again. So
 * such an error has this id: the browser returns with it, and is told that there is no more (204), which ends it.
 */
export const endedId = "ended";

/** The field that says which event it is, and that the browser need not wait before it returns. */
export const endedFields = `id: ${endedId}\nretry: 100\n`;

/** Errors that may be over when the client comes back: it goes on from its last event. */
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

/** It asks for nothing else; clients that read other forms as well know an error when they see one. */
const isEventSource = ({ headers }: Request): boolean =>
  headers.get("accept")?.trim().toLowerCase() === "text/event-stream";

/** Whether it is the answer to what did not begin. */
function hasLastingError(result: object): boolean {
  if (!("errors" in result) || !Array.isArray(result.errors) || "data" in result) return false;
  const errors = result.errors as readonly { extensions?: Record<string, unknown> }[];
  return errors.every(({ extensions }) => !passing.has(extensions?.["code"]));
}
