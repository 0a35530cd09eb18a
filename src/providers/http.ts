import { buildConnector, type Dispatcher, Pool } from "undici";
import { reasonOf, retryAfterSeconds } from "../lib/http-words.ts";
import { turnToRead } from "../lib/large-texts.ts";
import { publicConnector } from "../lib/public-addresses.ts";
import type { Shares } from "../lib/shares.ts";
import { decodeText, decompress } from "../lib/body-text.ts";
import { tracedStep, type Attributes, type NewSpan } from "../tracing/tracing.ts";

/** A request to a provider. `path` is absolute within the provider's origin. */
export interface HttpRequest {
  method: "GET" | "POST";
  path: string;
  query?: Readonly<Record<string, string>> | URLSearchParams;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** A request for a list, which costs a provider more than one for a single message. */
  isList?: true;
}

/**
 * The result of a request. `notSent` proves that the provider never saw the request, so the message may be
 * sent again; `unanswered` does not prove it.
 */
export type HttpResult =
  | { kind: "answer"; status: number; contentType: string; body: string; retryAfterSeconds?: number }
  /** `deferred`: other requests go first; ask again later. */
  | { kind: "notSent"; reason: string; deferred?: true }
  | { kind: "unanswered"; reason: string };

export interface ProviderHttp {
  request(request: HttpRequest): Promise<HttpResult>;
  /** Waits for the requests in progress; every later one is `notSent`. */
  close(): Promise<void>;
}

export interface ProviderHttpOptions {
  /** Scheme, host and port, e.g. `https://api.example.com`. */
  origin: string;
  /** Maximum connections, and so requests in progress. Default 10. */
  maxConcurrent?: number;
  /** Covers TCP and TLS together. Default 5,000. */
  connectTimeoutMs?: number;
  /** From the request to the end of the response headers. Default 20,000. */
  headersTimeoutMs?: number;
  /** Between two chunks of the response body. Default 10,000. */
  bodyTimeoutMs?: number;
  /**
   * A longer response, before or after decompression, is `unanswered`. Default 8 MiB, since some providers
   * return lists without pages.
   */
  maxBodyBytes?: number;
  /** Whose answer it is, and the bytes of answers under way that all share; absent: they are not counted. */
  answers?: AnswerShare;
  /** For the whole request, including the wait for a free connection. Default 30,000. */
  totalTimeoutMs?: number;
  /** The clock against which a `Retry-After` date is read. */
  now?: () => Date;
  /** Requests to addresses that are not public are `notSent`. Default false. */
  publicOnly?: boolean;
}

export interface AnswerShare {
  accountId: string;
  bytes: Shares;
}

/** So many bytes of an answer do not count: most have fewer, and the number of connections is limited. */
const uncountedBytes = 16_384;

/** No answer needs more informational ones (1xx) before it. */
const mostInformational = 10;
/** Pieces of an answer, beside one for each so many bytes: each takes time and memory, however short it is. */
const [mostPieces, pieceBytes] = [1_000, 64];

/** Who asks where answers are not counted. */
const nobody = "nobody";

const tooManyBytes = "the answers of all providers that are being read have too many bytes together";

/**
 * One pool of keep-alive connections to one provider: HTTP/1.1 without pipelining. Redirects are returned as
 * answers and never followed. No request is ever repeated.
 */
export function createProviderHttp(options: ProviderHttpOptions): ProviderHttp {
  const { totalTimeoutMs = 30_000, maxBodyBytes = 8 * 1024 * 1024, now = () => new Date() } = options;
  const connect = { allowH2: false, timeout: options.connectTimeoutMs ?? 5_000 };
  const pool = new Pool(new URL(options.origin).origin, {
    connections: options.maxConcurrent ?? 10,
    pipelining: 1,
    connect: options.publicOnly ? publicConnector(connect) : buildConnector(connect),
    headersTimeout: options.headersTimeoutMs ?? 20_000,
    bodyTimeout: options.bodyTimeoutMs ?? 10_000,
    maxResponseSize: maxBodyBytes,
  });
  const server = attributesOf(options.origin);
  let closing: Promise<void> | undefined;
  return {
    request: (request) =>
      tracedStep(spanOf(request, server), async (span) => {
        const exchange = new Exchange({ totalTimeoutMs, maxBodyBytes, now, answers: options.answers });
        pool.dispatch(dispatchOptions(request), exchange);
        const result = await exchange.result;
        if (result.kind !== "answer") span.fail(result.kind);
        else span.set({ "http.response.status_code": result.status });
        return result;
      }),
    close: () => (closing ??= pool.close()),
  };
}

/** Without the path and query: they may hold numbers, texts and credentials. */
const spanOf = ({ method }: HttpRequest, server: Attributes): NewSpan => ({
  name: method,
  kind: "client",
  attributes: { "http.request.method": method, ...server },
});

function attributesOf(origin: string): Attributes {
  const { hostname, port, protocol } = new URL(origin);
  return {
    "server.address": hostname,
    "server.port": Number(port) || (protocol === "https:" ? 443 : 80),
    "url.scheme": protocol.slice(0, -1),
  };
}

/** Waits until a request may be sent; false when the caller should ask again later. */
export type AcquireSlot = (request: HttpRequest) => Promise<boolean>;

const deferred: HttpResult = {
  kind: "notSent",
  reason: "not asked: other requests to the provider go first",
  deferred: true,
};

/** Uses the same connections, but each request waits for its slot. A request that gets none is `notSent`. */
export function throttled(http: ProviderHttp, acquireSlot: AcquireSlot): ProviderHttp {
  return {
    async request(request) {
      return (await acquireSlot(request)) ? http.request(request) : deferred;
    },
    close: () => http.close(),
  };
}

function dispatchOptions(request: HttpRequest): Dispatcher.DispatchOptions {
  const query = new URLSearchParams(request.query).toString();
  return {
    method: request.method,
    path: query === "" ? request.path : `${request.path}?${query}`,
    // Without this header a server may use any compression. Compressed responses are still decoded.
    headers: { "user-agent": "smsgraph", "accept-encoding": "identity", ...request.headers },
    body: request.body,
  };
}

type AnswerHead = Pick<HttpResult & { kind: "answer" }, "status" | "contentType" | "retryAfterSeconds">;

/**
 * One request in progress. undici calls `onRequestStart` immediately before it writes the first byte, and
 * never for a request that fails earlier. So this call separates `notSent` from `unanswered`.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly result: Promise<HttpResult>;
  readonly #resolve: (result: HttpResult) => void;
  readonly #now: () => Date;
  readonly #maxBodyBytes: number;
  readonly #timer: NodeJS.Timeout;
  readonly #answers: AnswerShare | undefined;
  #chunks: Buffer[] = [];
  /** Bytes of the answer, and those of them that count. */
  #length = 0;
  #counted = 0;
  #informational = 0;
  #started: Dispatcher.DispatchController | undefined;
  #head: AnswerHead | undefined;
  #contentEncoding = "";
  #settled = false;

  constructor({
    totalTimeoutMs,
    maxBodyBytes,
    now,
    answers,
  }: Required<Pick<ProviderHttpOptions, "totalTimeoutMs" | "maxBodyBytes" | "now">> &
    Pick<ProviderHttpOptions, "answers">) {
    const { promise, resolve } = Promise.withResolvers<HttpResult>();
    this.result = promise;
    this.#resolve = resolve;
    this.#now = now;
    this.#maxBodyBytes = maxBodyBytes;
    this.#answers = answers;
    this.#timer = setTimeout(() => this.#expire(), totalTimeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Abort here, so that a request that was given up while waiting, or has already been written, is not
    // written now.
    if (this.#settled || this.#started) controller.abort(new Error("given up"));
    else this.#started = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) {
      if (++this.#informational > mostInformational) this.#giveUp(controller, "it answers 1xx without end");
      return;
    }
    const retryAfter = [headers["retry-after"]].flat()[0];
    this.#contentEncoding = [headers["content-encoding"]].flat().join(",");
    this.#head = {
      status,
      contentType: [headers["content-type"]].flat()[0] ?? "",
      retryAfterSeconds: retryAfter === undefined ? undefined : retryAfterSeconds(retryAfter, this.#now()),
    };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    if (!this.#takes(chunk.length)) return this.#giveUp(controller, tooManyBytes);
    this.#chunks.push(chunk);
    const most = mostPieces + this.#length / pieceBytes;
    if (this.#chunks.length > most) this.#giveUp(controller, "the answer comes in too many pieces");
  }

  #giveUp(controller: Dispatcher.DispatchController, reason: string): void {
    this.#fail(reason);
    controller.abort(new Error(reason));
  }

  /** Whether so many more bytes may be kept. */
  #takes(bytes: number): boolean {
    this.#length += bytes;
    const more = Math.max(0, this.#length - uncountedBytes) - this.#counted;
    if (!this.#answers || more <= 0) return true;
    const { accountId, bytes: shares } = this.#answers;
    if (shares.left(accountId, true) < more) return false;
    shares.take(accountId, true, more);
    this.#counted += more;
    return true;
  }

  onResponseEnd(): void {
    if (!this.#head) return this.#fail("the answer had no status");
    void this.#read(this.#head);
  }

  async #read(head: AnswerHead): Promise<void> {
    try {
      const bytes = await decompress(Buffer.concat(this.#chunks), this.#contentEncoding, this.#maxBodyBytes);
      if (!this.#takes(bytes.length - this.#length)) return this.#fail(tooManyBytes);
      // Whoever asked reads it as soon as it is settled.
      await turnToRead(bytes.length, this.#answers?.accountId ?? nobody);
      this.#settle({ kind: "answer", ...head, body: decodeText(bytes, head.contentType) });
    } catch {
      this.#fail("the answer is too long");
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(reasonOf(error, this.#started !== undefined, "ALLOW_PRIVATE_PROVIDERS"));
  }

  #expire(): void {
    this.#fail(this.#started ? "no complete answer within the time limit" : "no free connection in time");
    this.#started?.abort(new Error("time limit"));
  }

  #fail(reason: string): void {
    this.#settle({ kind: this.#started ? "unanswered" : "notSent", reason });
  }

  #settle(result: HttpResult): void {
    clearTimeout(this.#timer);
    this.#settled = true;
    this.#chunks = [];
    if (this.#counted > 0) this.#answers?.bytes.take(this.#answers.accountId, true, -this.#counted);
    this.#counted = 0;
    this.#resolve(result);
  }
}
