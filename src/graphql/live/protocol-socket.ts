import { CloseCode, type WebSocket as Carrier, type Server } from "graphql-ws";
import type { RawData, WebSocket } from "ws";
import { isLargeText, turnToRead } from "../../lib/large-texts.ts";
import { JsonValues } from "../../lib/json-values.ts";
import { maxObjectFields, maxRequestValues } from "../schema/limits.ts";

/**
 * Limit of RFC 6455, section 5.5, without the code. A reason that names an operation's id may be longer;
 * it is left out then.
 */
const maxReasonBytes = 123;

/** RFC 6455's registry of close codes: "Message Too Big" and "Try Again Later". */
const tooBig = 1009;
const tryAgainLater = 1013;

interface ProtocolSocketOptions<Extra> {
  server: Server<Extra>;
  /** Our own data about the connection, passed to the server. */
  extra: Extra;
  /** Time between two pings, and how long the answer may take. */
  keepAliveMs: number;
  /** Whose turn it is when a large message is read; undefined without a key. */
  holder: () => string | undefined;
  /** Called after an internal error; the socket is then closed. */
  onError: (error: unknown) => void;
}

/**
 * Connects a socket to graphql-ws. Its own adapter keeps the text of the subscribe message and several
 * functions as long as a subscription lasts: more than 1 KB for each idle one.
 */
export class ProtocolSocket implements Carrier {
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #onError: (error: unknown) => void;
  readonly #holder: () => string | undefined;
  #isAnswered = true;
  /** Resolves when the newest of the messages that wait was read. */
  #waiting: Promise<void> | undefined;

  static serve<Extra>(socket: WebSocket, options: ProtocolSocketOptions<Extra>): void {
    const { server, extra, keepAliveMs, onError, holder } = options;
    const carrier = new ProtocolSocket(socket, { onError, holder });
    socket.on("error", ignore);
    socket.on("pong", () => (carrier.#isAnswered = true));
    const timer = keepAliveMs > 0 ? setInterval(keepAlive, keepAliveMs, carrier) : undefined;
    const closed = server.opened(carrier, extra);
    socket.on("close", (code, reason) => {
      clearInterval(timer);
      closed(code, String(reason)).catch(onError);
    });
  }

  private constructor(
    socket: WebSocket,
    { onError, holder }: Pick<ProtocolSocketOptions<unknown>, "onError" | "holder">,
  ) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#onError = onError;
    this.#holder = holder;
  }

  send(text: string): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    // A socket that cannot be written to closes, which ends its operations. It is no error of theirs.
    return new Promise((resolve) => socket.send(text, () => resolve()));
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, Buffer.byteLength(reason) > maxReasonBytes ? "" : reason);
  }

  onMessage(take: (text: string) => Promise<void>): void {
    const fail = (error: unknown): void => {
      this.#onError(error);
      this.close(CloseCode.InternalServerError, "Internal server error");
    };
    const socket = this.#socket;
    socket.on("message", (given) => {
      const data = given as Buffer;
      this.#inOrder(data.length, () => {
        // What was sent before the client heard that it is closed, or a flood: nobody would answer it.
        if (socket.readyState !== socket.OPEN) return;
        const excess = excessOf(data);
        if (excess !== undefined) this.close(tooBig, `The message has ${excess}`);
        else void take(parsed(data) as string).catch(fail);
      });
    });
  }

  /** Reads a large message when it has a turn, and the next ones after it. */
  #inOrder(bytes: number, read: () => void): void {
    if (!this.#waiting && !isLargeText(bytes, this.#holder())) read();
    else void this.#readLater(bytes, read);
  }

  async #readLater(bytes: number, read: () => void): Promise<void> {
    const earlier = this.#waiting;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = promise;
    this.#socket.pause();
    await earlier;
    try {
      await turnToRead(bytes, this.#holder());
      read();
    } catch {
      this.close(tryAgainLater, "Too many messages of clients without a key wait");
    }
    resolve();
    if (this.#waiting !== promise) return;
    this.#waiting = undefined;
    this.#socket.resume();
  }

  checkAlive(): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (!this.#isAnswered) return socket.terminate();
    this.#isAnswered = false;
    socket.ping();
  }
}

/**
 * ws closes the socket itself after an error, but an error event without a listener would end the process.
 */
const ignore = (): void => undefined;

const keepAlive = (socket: ProtocolSocket): void => socket.checkAlive();

function excessOf(data: Buffer): string | undefined {
  if (!isLargeText(data.length)) return undefined;
  const values = new JsonValues();
  if (values.add(data) > maxRequestValues) return `more than ${maxRequestValues} values`;
  if (values.mostFields > maxObjectFields) return `an object of more than ${maxObjectFields} fields`;
  return values.excess;
}

/**
 * graphql-ws accepts a message as text or parsed, and keeps it until the operation ends. From a parsed
 * message we can remove what is needed only at the start.
 */
function parsed(data: RawData): unknown {
  const text = (data as Buffer).toString("utf8");
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === "object") return message;
  } catch {
    // graphql-ws itself answers text that is not JSON.
  }
  return text;
}
