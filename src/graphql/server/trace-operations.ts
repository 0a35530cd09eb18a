import { getOperationAST, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import { tracedFromOutside, type NewSpan } from "../../tracing/tracing.ts";

/** A span around each query and mutation, in the trace of the request's `traceparent` if it has one. */
export function traceOperations(): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) =>
      setExecuteFn((args: ExecutionArgs) => {
        const { request } = args.contextValue as { request?: Request };
        const traceparent = request?.headers.get("traceparent") ?? undefined;
        return tracedFromOutside(spanOf(args), traceparent, async (span) => {
          const result = await (executeFn as (args: ExecutionArgs) => Promise<ExecutionResult>)(args);
          const [error] = result.errors ?? [];
          const code: unknown = error?.extensions["code"];
          if (error) span.fail(typeof code === "string" ? code : error.name);
          return result;
        });
      }),
  };
}

/** The name of the operation is the caller's and may be anything, so it is no part of the span's. */
function spanOf({ document, operationName }: ExecutionArgs): NewSpan {
  const operation = getOperationAST(document, operationName);
  const type = operation?.operation ?? "query";
  return {
    name: type,
    kind: "server",
    attributes: { "graphql.operation.type": type, "graphql.operation.name": operation?.name?.value },
  };
}
