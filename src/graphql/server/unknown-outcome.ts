import { getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import type { Plugin } from "graphql-yoga";
import { mayBeDone } from "../../database/unavailable.ts";
import { OutcomeUnknownError } from "../../lib/errors.ts";

/** Says of a change that failed with its connection to the database that it may have been made. */
export function explainUnknownOutcome(): Plugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const { document, operationName } = args as unknown as ExecutionArgs;
      if (getOperationAST(document, operationName)?.operation !== "mutation") return;
      setExecuteFn(async (given: unknown) => explained((await executeFn(given as never)) as ExecutionResult));
    },
  };
}

function explained(result: ExecutionResult): ExecutionResult {
  if (!result.errors?.some(({ originalError }) => mayBeDone(originalError))) return result;
  const errors = result.errors.map((error) => {
    if (!mayBeDone(error.originalError)) return error;
    const { message, nodes, path } = error;
    return new GraphQLError(message, { nodes, path, originalError: new OutcomeUnknownError() });
  });
  return { ...result, errors };
}
