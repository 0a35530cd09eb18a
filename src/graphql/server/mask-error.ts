import { randomUUID } from "node:crypto";
import { PothosValidationError } from "@pothos/core";
import { GraphQLError, type GraphQLErrorExtensions } from "graphql";
import { clipped, DomainError, errorCodes, maxErrorText, type ErrorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { explainEnum } from "./plain-words.ts";

/**
 * What a client may see of an error. Errors of ours are shown with their code and fields; errors of GraphQL
 * itself (syntax, unknown fields, wrong variables) as they are; everything else becomes an id that is in the log,
 * also what GraphQL says of a field while executing, since that is a fault of ours.
 */
export function createErrorMask(logger: Logger, onInternalError: () => void) {
  return (error: unknown): Error => {
    const cause = originOf(error);
    if (cause instanceof DomainError) return show(error, cause.message, extensionsOf(cause));
    if (cause instanceof PothosValidationError) return show(error, cause.message, { code: "INVALID_INPUT" });
    if (cause instanceof GraphQLError && pathOf(error) === undefined)
      return withCode(explainEnum(error as GraphQLError));
    const id = randomUUID();
    logger.error({ error: cause, errorId: id, path: pathOf(error) }, "an internal error");
    onInternalError();
    const message = `Something failed on our side. The id ${id} finds it in the log.`;
    return show(error, message, { code: "INTERNAL", id }, new Error("internal"));
  };
}

/** The error behind what GraphQL made of it, however often it was wrapped. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError;
  return origin;
}

const pathOf = (error: unknown): string | undefined =>
  error instanceof GraphQLError ? error.path?.join(".") : undefined;

/** The typed fields of the error, so that programs need not read its text. */
function extensionsOf(error: DomainError): GraphQLErrorExtensions {
  const {
    name: _name,
    stack: _stack,
    message: _message,
    ...fields
  } = Object.fromEntries(Object.entries(error));
  return { ...fields, code: error.code };
}

/** Yoga reads the HTTP status from `extensions.http`, and answers 500 for what is not an error of GraphQL itself. */
function show(
  error: unknown,
  message: string,
  extensions: GraphQLErrorExtensions,
  originalError?: Error,
): GraphQLError {
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : {};
  const http = error instanceof GraphQLError ? error.extensions["http"] : undefined;
  const shown = http === undefined ? extensions : { ...extensions, http };
  return new GraphQLError(message, { nodes, source, positions, path, extensions: shown, originalError });
}

/** Every code a client sees is one of ours; Yoga has others for the errors of GraphQL itself. */
export function withCode(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  // GraphQL repeats the value that it does not take, however long.
  error.message = clipped(error.message, maxErrorText);
  if (typeof code !== "string" || !Object.hasOwn(errorCodes, code))
    error.extensions["code"] = "BAD_REQUEST" satisfies ErrorCode;
  return error;
}
