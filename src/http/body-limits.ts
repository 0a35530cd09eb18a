import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import { GraphQLError } from "graphql";
import type { Viewer } from "../access/api-keys.ts";
import { BusyError, TooManyRequestsError, type ErrorCode } from "../lib/errors.ts";
import { JsonValues } from "../lib/json-values.ts";
import { isLargeText, turnToRead } from "../lib/large-texts.ts";
import { Turns } from "../lib/turns.ts";
import type { HeldBodies, HeldBody } from "./held-bodies.ts";
import { refuse } from "./refuse.ts";

/** Limits on the body of a GraphQL request. */
interface BodyLimits {
  bytes: number;
  /** Entries of lists and fields of objects. */
  values: number;
  /** Of one object. */
  fields: number;
  /** How long it may take to arrive. */
  ms: number;
}

/** Without a key, and with a watch token: an operation, and no lists of recipients. */
export const strangerBytes = 64 * 1024;
export const strangerMs = 8_000;
/**
 * Of a form, and of a document by itself: the values of a form are not counted, and a document has no more (`maxDocumentLength`
 * in src/graphql/schema/limits.ts). What is long belongs in the variables of JSON.
 */
const otherBytes: Readonly<Record<string, number>> = {
  "application/x-www-form-urlencoded": 64 * 1024,
  "application/graphql": 1024 * 1024,
};
/** For a key that can neither send nor ask for quotes: a thousand rates, or as many ids. */
const administratorBytes = 1024 * 1024;

/** Reads no more than the key can use; `most` is the limit of keys that may send. */
export function limitsOf(viewer: Viewer | undefined, most: BodyLimits): BodyLimits {
  if (!viewer || viewer.watches)
    return { ...most, bytes: Math.min(strangerBytes, most.bytes), ms: Math.min(strangerMs, most.ms) };
  const sends = viewer.scopes.has("CAMPAIGNS") || viewer.scopes.has("READ");
  return sends ? most : { ...most, bytes: Math.min(administratorBytes, most.bytes) };
}

/** Counts a body until its answer is sent. */
export function heldOf(bodies: HeldBodies, { keyId, accountId }: Viewer, response: ServerResponse): HeldBody {
  const held = bodies.open({ id: keyId, accountId });
  response.once("close", () => held.release());
  return held;
}

/** Whether there is room for so many bytes of a body; otherwise answers that there is not. */
export function holdBody(held: HeldBody, response: ServerResponse, bytes: number): boolean {
  try {
    held.grow(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof TooManyRequestsError)) throw error;
    const { message, code: as, scope, retryAfterSeconds } = error;
    response.setHeader("retry-after", String(retryAfterSeconds));
    refuse(response, 429, message, as, { scope, retryAfterSeconds });
    return false;
  }
}

/** Requests of strangers begin in turns of the event loop, ten small or two large ones in each: hundreds at once hold nobody up. */
const strangerTurns = new Turns();
const ofTurn = { small: 20, large: 100 };

/** Waits until a stranger's request may begin. */
export async function turnToBegin({ headers }: IncomingMessage): Promise<void> {
  const isLarge =
    headers["transfer-encoding"] !== undefined || isLargeText(Number(headers["content-length"] ?? 0));
  await strangerTurns.next(isLarge ? ofTurn.large : ofTurn.small);
}

/** So many large bodies of strangers may be under way; of what is refused before it is read, little is read at all. */
const mostOfStrangers = 16;
let ofStrangers = 0;

/** Takes a place for a stranger's body until its answer is sent, if there is one. */
function placeForStranger(response: ServerResponse): boolean {
  if (ofStrangers >= mostOfStrangers) return false;
  ofStrangers++;
  response.once("close", () => ofStrangers--);
  return true;
}

/**
 * Refuses a body over the limits: at once when its length is announced, otherwise when a limit is reached. So it is
 * when its key holds too much already, and when a stranger's finds no place. A large one ends when it has a turn to be read.
 */
export function limitBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: Pick<BodyLimits, "bytes" | "values" | "fields">,
  held: HeldBody | undefined,
  holder?: string,
): boolean {
  const announced = request.headers["content-length"];
  const [mediaType = ""] = (request.headers["content-type"] ?? "").split(";");
  const most = Math.min(otherBytes[mediaType.trim().toLowerCase()] ?? Infinity, limits.bytes);
  if (announced !== undefined) {
    if (Number(announced) > most) {
      refuse(response, 413, tooLarge(most).message, code);
      return false;
    }
    if (held && !holdBody(held, response, Number(announced))) return false;
    if (!isLargeText(Number(announced), holder)) return true;
  } else if (request.headers["transfer-encoding"] === undefined) return true;
  if (holder === undefined && !placeForStranger(response)) {
    const { message, code: as } = new BusyError();
    response.setHeader("retry-after", "5");
    refuse(response, 503, message, as);
    return false;
  }
  let length = 0;
  const values = new JsonValues();
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > most) return done(tooLarge(most));
      if (values.add(chunk) > limits.values) return done(tooManyValues(limits.values));
      if (values.mostFields > limits.fields) return done(tooManyFields(limits.fields));
      const { excess } = values;
      if (excess !== undefined) return done(tooCostly(excess));
      try {
        if (announced === undefined) held?.grow(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(toGraphqlError(error as TooManyRequestsError));
      }
    },
    flush(done) {
      void endInTurn(length, holder, done);
    },
  });
  counted.once("error", () => {
    request.unpipe(counted);
    // With who collects it goes what has come of the body, while the rest may wait for long to be read and dropped.
    setImmediate(() => counted.removeAllListeners());
  });
  Object.assign(request, { body: request.pipe(counted) });
  return true;
}

async function endInTurn(
  length: number,
  holder: string | undefined,
  end: (error?: Error) => void,
): Promise<void> {
  try {
    await turnToRead(length, holder);
    end();
  } catch (error) {
    const { message, code: as } = error as BusyError;
    const http = { status: 503, headers: { "retry-after": "5" } };
    end(new GraphQLError(message, { extensions: { code: as, http } }));
  }
}

const toGraphqlError = ({
  message,
  code: as,
  scope,
  retryAfterSeconds,
}: TooManyRequestsError): GraphQLError =>
  new GraphQLError(message, {
    extensions: {
      code: as,
      scope,
      retryAfterSeconds,
      http: { status: 429, headers: { "retry-after": String(retryAfterSeconds) } },
    },
  });

const code = "BAD_REQUEST" satisfies ErrorCode;

const tooLarge = (limit: number): GraphQLError =>
  tooMuch(`The request has more than ${limit} bytes. Send fewer messages at once.`);

const tooManyValues = (limit: number): GraphQLError =>
  tooMuch(`The request has more than ${limit} values. Send fewer at once.`);

const tooManyFields = (limit: number): GraphQLError =>
  tooMuch(`An object in the request has more than ${limit} fields. Leave out what the schema does not know.`);

const tooCostly = (excess: string): GraphQLError =>
  tooMuch(`The request has ${excess}. Send fewer at once, with the same few fields in the same order.`);

const tooMuch = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code, http: { status: 413 } } });
