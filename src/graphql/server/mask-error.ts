import { randomUUID } from "node:crypto";
import { PothosValidationError } from "@pothos/core";
import { GraphQLError, type GraphQLErrorExtensions } from "graphql";
import {
  clipped,
  DatabaseUnavailableError,
  DomainError,
  errorCodes,
  maxErrorText,
  NotFoundError,
  type ErrorCode,
} from "../../lib/errors.ts";
import { encodeId } from "../../lib/global-id.ts";
import { unavailability } from "../../database/unavailable.ts";
import type { Logger } from "../../lib/logger.ts";
import { explain } from "./plain-words.ts";

/**
 * What a client may see of an error. Our own errors are shown with code and fields. Errors of GraphQL
 * (syntax, unknown fields, wrong variables) are shown as they are. Everything else is replaced by an id that
 * is also in the log; this includes GraphQL's errors while executing a field, because those are our bugs.
 */
export function createErrorMask(logger: Logger, onInternalError: () => void) {
  /** Refused before they ran, operations share their error. */
  const refusals = new WeakMap<object, Error>();
  return (error: unknown): Error => {
    const known = refusals.get(error as object);
    if (known) return known;
    const origin = originOf(error);
    const cause = unavailability(origin) ?? origin;
    if (cause !== origin)
      logger.warn(
        { error: origin, path: pathOf(error) },
        cause instanceof DatabaseUnavailableError ? cause.problem : "the database was not available",
      );
    if (cause instanceof DomainError) {
      const shown = show(error, cause.messageFor(encodeId), extensionsOf(cause));
      if (pathOf(error) === undefined) refusals.set(error as object, shown);
      return shown;
    }
    if (cause instanceof PothosValidationError) return show(error, cause.message, { code: "INVALID_INPUT" });
    if (cause instanceof GraphQLError && pathOf(error) === undefined)
      return withCode(explain(error as GraphQLError));
    const id = randomUUID();
    logger.error({ error: cause, errorId: id, path: pathOf(error) }, "an internal error");
    onInternalError();
    const message = `Something failed on our side. The id ${id} finds it in the log.`;
    return show(error, message, { code: "INTERNAL", id }, new Error("internal"));
  };
}

/** The original error, however often GraphQL wrapped it. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError;
  return origin;
}

const pathOf = (error: unknown): string | undefined =>
  error instanceof GraphQLError ? error.path?.join(".") : undefined;

/** The typed fields of the error, so that programs need not parse its text. */
function extensionsOf(error: DomainError): GraphQLErrorExtensions {
  if (error instanceof NotFoundError) {
    const { what, type, localId, code } = error;
    return { what, id: encodeId(type, localId), code };
  }
  const {
    name: _name,
    stack: _stack,
    message: _message,
    ...fields
  } = Object.fromEntries(Object.entries(error));
  return { ...fields, code: error.code, ...(error.code === "UNAVAILABLE" && { http: unavailableHttp }) };
}

/** What an answer with this error is over HTTP. */
const unavailableHttp = { status: 503, headers: { "retry-after": "5" } };

/**
 * Yoga takes the HTTP status from `extensions.http`, and answers 500 for errors that are not GraphQL's own.
 */
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

/** Characters of a word, and of what is left of a longer one. */
const [maxWord, shortWord] = [200, 100];

/** The beginning of a text without long words, as much as an error may have. Takes no longer than finding that. */
function withoutLongWords(text: string): string {
  let [short, end] = ["", 0];
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    short += text.slice(end, index) + (word.length < maxWord ? word : `${word.slice(0, shortWord)}…`);
    end = index + word.length;
    if (short.length > maxErrorText) return short;
  }
  return short + text.slice(end);
}

/** Makes sure that clients see only our codes. Yoga sets others for GraphQL's own errors. */
export function withCode(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  // GraphQL repeats the refused word in the message, however long it is, and says only after it what is
  // wrong.
  error.message = clipped(withoutLongWords(error.message), maxErrorText);
  const { originalError: original } = error.extensions;
  if (isError(original))
    error.extensions["originalError"] = { ...original, message: reasonIn(original.message) };
  if (typeof code !== "string" || !Object.hasOwn(errorCodes, code))
    error.extensions["code"] = "BAD_REQUEST" satisfies ErrorCode;
  return error;
}

/** Why a body is no JSON. The parser says it first, and behind it Yoga's fetch repeats the whole body. */
const reasonIn = (message: string): string =>
  clipped(withoutLongWords(message.slice(0, maxErrorText)), maxReason);
const maxReason = 150;

const isError = (value: unknown): value is { message: string } =>
  typeof value === "object" && value !== null && "message" in value && typeof value.message === "string";
