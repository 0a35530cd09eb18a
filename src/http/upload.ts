import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { GraphQLError } from "graphql";
import { InvalidInputError, type ErrorCode } from "../lib/errors.ts";
import { excessIn } from "../lib/json-values.ts";

/** Largest upload in bytes: five million rows of a hundred characters. */
export const maxUploadBytes = 500 * 1024 * 1024;

/** Largest size of the document with its variables in an upload, in bytes. */
export const maxOperationsBytes = 256 * 1024;

/** An upload may be slow, but some data must arrive at least this often. */
const maxStallMs = 30_000;

/**
 * How long the rest of an upload is read and dropped after the answer. Many clients read the answer only
 * then.
 */
const maxDropMs = 10_000;

/** Extra bytes for the parts beside the file and the multipart boundaries. */
const spareBytes = 2 * maxOperationsBytes;

const brokeOff = "The upload broke off. Send it again.";

const broken = (message: string): InvalidInputError => new InvalidInputError("file", message);

/** Limits of an upload. Tests use smaller ones. */
export interface UploadLimits {
  fileBytes: number;
  stallMs: number;
}

const usualLimits: UploadLimits = { fileBytes: maxUploadBytes, stallMs: maxStallMs };

/** A file in a request. It can be read once, as a stream, and is never stored. */
export class Upload implements AsyncIterable<Uint8Array> {
  readonly #file: Readable;
  readonly #received: Promise<void>;
  readonly #stallMs: number;
  /** Aborts when whoever sent it has the answer or has gone. */
  readonly signal: AbortSignal;

  /** `received` resolves when the whole request was read and had nothing after the file. */
  constructor(
    file: Readable,
    received: Promise<void>,
    { stallMs, signal }: { stallMs: number; signal: AbortSignal },
  ) {
    this.#file = file;
    this.#received = received;
    this.#stallMs = stallMs;
    this.signal = signal;
  }

  /** @throws InvalidInputError when it breaks off, stalls or is too large */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const chunks = this.#file.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = (await this.#inTime(chunks.next())) as IteratorResult<Uint8Array>;
      if (done === true) break;
      yield value;
    }
    await this.#inTime(this.#received);
  }

  /** Limits only the time spent waiting for the client. Our own work on a chunk does not count. */
  async #inTime<Value>(step: Promise<Value>): Promise<Value> {
    const stalled = Promise.withResolvers<never>();
    const problem = broken(`Nothing of the file came for ${this.#stallMs / 1000} seconds. Send it again.`);
    const timer = setTimeout(() => stalled.reject(problem), this.#stallMs);
    try {
      return await Promise.race([step, stalled.promise]);
    } catch (error) {
      // The parser has errors of its own for a file that lacks its end.
      throw error instanceof InvalidInputError ? error : broken(brokeOff);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A GraphQL request, with the file put in its place. */
type Operations = Record<string, unknown>;

export const isUpload = ({ method, headers }: IncomingMessage): boolean =>
  method === "POST" && /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");

/**
 * Reads a GraphQL multipart request: `operations`, `map`, and then one file, which is still arriving when
 * this returns. After the answer was sent, unread parts of the request are read and dropped.
 * Source: github.com/jaydenseric/graphql-multipart-request-spec
 * @throws GraphQLError with an HTTP status
 */
export async function receiveUpload(
  request: IncomingMessage,
  response: ServerResponse,
  limits = usualLimits,
): Promise<Operations> {
  const { fileBytes } = limits;
  if (Number(request.headers["content-length"] ?? 0) > fileBytes + spareBytes) throw tooLarge(fileBytes);
  const reception = new Reception(request, limits);
  response.once("close", () => reception.drop());
  return reception.operations;
}

const refuse = (message: string, status = 400): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "BAD_REQUEST" satisfies ErrorCode, http: { status } } });

const tooLarge = (fileBytes: number): GraphQLError =>
  refuse(`The file has more than ${fileBytes} bytes. Make several campaigns of it.`, 413);

/** One upload while it is being received. */
class Reception {
  readonly #request: IncomingMessage;
  readonly #parser: BusboyInstance;
  readonly #limits: UploadLimits;
  readonly #operations = Promise.withResolvers<Operations>();
  readonly #received = Promise.withResolvers<void>();
  readonly #gone = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #document: Operations | undefined;
  #place: { field: string; path: string[] } | "none" | undefined;
  #file: BusboyFileStream | undefined;

  constructor(request: IncomingMessage, limits: UploadLimits) {
    this.#request = request;
    this.#limits = limits;
    this.#parser = openParser(request, limits);
    this.#received.promise.catch(() => undefined);
    const late = refuse("`operations`, `map` and the beginning of a file did not come in time.", 408);
    this.#timer = setTimeout(() => this.#fail(late), limits.stallMs);
    this.#parser.on("field", (name, value, _nameTruncated, truncated) =>
      this.#attempt(() => this.#takeField(name, value, truncated)),
    );
    this.#parser.on("file", (name, file) => this.#attempt(() => this.#takeFile(name, file)));
    for (const limit of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
      this.#parser.on(limit, () =>
        this.#fail(refuse("Send `operations`, `map` and one file, and nothing else.")),
      );
    }
    this.#parser.on("finish", () => this.#finish());
    this.#parser.on("error", () =>
      this.#fail(refuse("The body is not multipart/form-data, or it broke off. Send it again.")),
    );
    request.once("close", () => request.complete || this.#fail(refuse(brokeOff)));
    request.pipe(this.#parser);
  }

  get operations(): Promise<Operations> {
    return this.#operations.promise;
  }

  /** Called when the file is no longer needed. */
  drop(): void {
    this.#gone.abort();
    this.#request.unpipe(this.#parser);
    this.#fail(refuse(brokeOff));
    if (this.#request.complete) return;
    const timer = setTimeout(() => this.#request.destroy(), maxDropMs);
    this.#request.once("close", () => clearTimeout(timer));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error as GraphQLError);
    }
  }

  #takeField(name: string, value: string, truncated: boolean): void {
    if (truncated)
      throw refuse(
        `\`${name}\` has more than ${maxOperationsBytes} bytes. Send recipients as the file, not as variables.`,
        413,
      );
    if (name === "operations") this.#document = readObject(name, value);
    else if (name === "map") this.#place = readMap(readObject(name, value));
    else throw refuse("Send `operations`, `map` and one file, and nothing else.");
    if (this.#document && this.#place === "none") this.#operations.resolve(this.#document);
  }

  #takeFile(name: string, file: BusboyFileStream): void {
    this.#file = file;
    // The reader of the file reports the error. Without a reader it can be ignored.
    file.on("error", () => undefined);
    file.on("limit", () => this.#fail(tooLarge(this.#limits.fileBytes)));
    if (!this.#document || !this.#place) throw refuse("`operations` and `map` must come before the file.");
    if (this.#place === "none" || this.#place.field !== name)
      throw refuse(
        '`map` does not name this file. The name of the file\'s part must be the key in `map`, as in {"0": ["variables.input.file"]}.',
      );
    clearTimeout(this.#timer);
    const upload = new Upload(file, this.#received.promise, {
      stallMs: this.#limits.stallMs,
      signal: this.#gone.signal,
    });
    put(upload, this.#document, this.#place.path);
    this.#operations.resolve(this.#document);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#received.resolve();
    this.#operations.reject(refuse("The file is missing, or `operations` or `map` is."));
  }

  /** Before the operation runs, the request fails. Afterwards, reading the file fails. */
  #fail(error: GraphQLError): void {
    clearTimeout(this.#timer);
    const problem = broken(error.message);
    this.#operations.reject(error);
    this.#received.reject(problem);
    this.#file?.destroy(problem);
  }
}

function openParser(request: IncomingMessage, { fileBytes }: UploadLimits): BusboyInstance {
  try {
    return new Busboy({
      headers: request.headers as IncomingMessage["headers"] & { "content-type": string },
      limits: {
        fieldNameSize: 100,
        fieldSize: maxOperationsBytes,
        fields: 2,
        files: 1,
        parts: 3,
        fileSize: fileBytes,
        headerPairs: 20,
        headerSize: 4096,
      },
    });
  } catch {
    throw refuse(
      "The content type is multipart/form-data without a boundary. Do not set the header yourself: your client adds it.",
    );
  }
}

function readObject(name: string, text: string): Operations {
  const excess = excessIn(text);
  if (excess !== undefined) throw refuse(`\`${name}\` has ${excess}.`, 413);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Operations;
  } catch {
    // Refused below.
  }
  throw refuse(`\`${name}\` must be a JSON object. Check its quotation marks.`);
}

/** Where the file belongs. One file in one place, because it can be read only once. */
function readMap(map: Operations): { field: string; path: string[] } | "none" {
  const entries = Object.entries(map);
  const [entry] = entries;
  if (!entry) return "none";
  const [field, paths] = entry;
  const [path] = Array.isArray(paths) && paths.length === 1 ? (paths as unknown[]) : [];
  if (entries.length === 1 && typeof path === "string") return { field, path: path.split(".") };
  throw refuse('`map` must name one file and one place for it, as in {"0": ["variables.input.file"]}.');
}

/** Puts the file in its place, which must exist and be null. */
function put(upload: Upload, operations: Operations, path: readonly string[]): void {
  let parent: unknown = operations;
  for (const step of path.slice(0, -1)) parent = ownProperty(parent, step);
  const last = path.at(-1) ?? "";
  if (ownProperty(parent, last) !== null)
    throw refuse(`\`map\` names ${path.join(".").slice(0, 100)}, and there is no null in \`operations\`.`);
  (parent as Record<string, unknown>)[last] = upload;
}

const ownProperty = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
