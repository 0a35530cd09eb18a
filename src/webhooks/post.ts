import type { Dispatcher } from "undici";

/** The status and the headers of an answer. */
export interface Head {
  statusCode: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** How much of an answer's body is read (and dropped), so that its connection can be used again. */
const maxBodyBytes = 64 * 1024;
/** And in how many pieces, since each takes time, however short it is. */
const mostPieces = 100;
/** No answer needs more informational ones (1xx) before it. */
const mostInformational = 10;

/**
 * Sends one request and waits for the head of its answer. Without the streams and signals of `request`, which cost as
 * much as everything else. @throws Error when there was no answer, in time or at all
 */
export function post(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  /** For the whole request. */
  timeoutMs: number,
): Promise<Head> {
  return new Promise((resolve, reject) => {
    const handler = new PostHandler(resolve, reject, timeoutMs);
    try {
      dispatcher.dispatch(request, handler);
    } catch (error) {
      handler.onResponseError(undefined, error as Error);
    }
  });
}

/** No answer within the time for a request. */
export class PostTimeout extends Error {}

class PostHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (head: Head) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  #bytes = 0;
  #pieces = 0;
  #informational = 0;
  #timeout: PostTimeout | undefined;

  constructor(resolve: (head: Head) => void, reject: (error: Error) => void, timeoutMs: number) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#end(), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It waited for a connection for too long, and was given up.
    if (this.#timeout) controller.abort(this.#timeout);
    else this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Head["headers"],
  ): void {
    if (statusCode >= 200) this.#head = { statusCode, headers };
    else if (++this.#informational > mostInformational)
      controller.abort(new Error("The answer is informational (1xx) without end"));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxBodyBytes || ++this.#pieces > mostPieces)
      controller.abort(new Error("The answer is too long"));
  }

  onResponseEnd(): void {
    this.#settle(new Error("The answer has no head"));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settle(error);
  }

  #end(): void {
    this.#timeout = new PostTimeout();
    this.#settle(this.#timeout);
    this.#controller?.abort(this.#timeout);
  }

  /** The answer counts once its status is known. */
  #settle(error: Error): void {
    clearTimeout(this.#timer);
    if (this.#head) this.#resolve(this.#head);
    else this.#reject(error);
  }
}
