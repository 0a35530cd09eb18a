import { CloseCode, type WebSocket as Carrier, type Server } from "graphql-ws";
import type { RawData, WebSocket } from "ws";

/** RFC 6455, section 5.5, less the code. A reason that names the id of an operation may be longer. */
const maxReasonBytes = 123;

export interface ProtocolSocketOptions<Extra> {
  server: Server<Extra>;
  /** What the server is told of the connection. */
  extra: Extra;
  /** Between two pings, and how long an answer may take. */
  keepAliveMs: number;
  /** Called for what went wrong inside; the socket is closed then. */
  onError: (error: unknown) => void;
}

/**
 * A socket as graphql-ws drives it. Its own adapter keeps the bytes and the text of what started a subscription, and
 * half a dozen functions, as long as that lasts: more than 1 KB of each that is idle.
 */
export class ProtocolSocket implements Carrier {
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #onError: (error: unknown) => void;
  #isAnswered = true;

  static serve<Extra>(socket: WebSocket, options: ProtocolSocketOptions<Extra>): void {
    const { server, extra, keepAliveMs, onError } = options;
    const carrier = new ProtocolSocket(socket, onError);
    socket.on("error", ignore);
    socket.on("pong", () => (carrier.#isAnswered = true));
    const timer = keepAliveMs > 0 ? setInterval(keepAlive, keepAliveMs, carrier) : undefined;
    const closed = server.opened(carrier, extra);
    socket.on("close", (code, reason) => {
      clearInterval(timer);
      closed(code, String(reason)).catch(onError);
    });
  }

  private constructor(socket: WebSocket, onError: (error: unknown) => void) {
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#onError = onError;
  }

  send(text: string): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    return new Promise((resolve, reject) => {
      socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, Buffer.byteLength(reason) > maxReasonBytes ? "" : reason);
  }

  onMessage(take: (text: string) => Promise<void>): void {
    const fail = (error: unknown): void => {
      this.#onError(error);
      this.close(CloseCode.InternalServerError, "Internal server error");
    };
    this.#socket.on("message", (data) => void take(parsed(data) as string).catch(fail));
  }

  checkAlive(): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (!this.#isAnswered) return socket.terminate();
    this.#isAnswered = false;
    socket.ping();
  }
}

/** ws closes the socket itself; an error that nobody hears ends the process. */
const ignore = (): void => undefined;

const keepAlive = (socket: ProtocolSocket): void => socket.checkAlive();

/**
 * graphql-ws takes a message as its text or parsed, and keeps what it was given until the operation has ended: of the
 * parsed one we can let go what was needed to start it.
 */
function parsed(data: RawData): unknown {
  const text = (data as Buffer).toString("utf8");
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === "object") return message;
  } catch {
    // It says what is wrong with it.
  }
  return text;
}
