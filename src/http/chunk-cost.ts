import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RequestWithHeaders } from "./headers.ts";
import { mayStrangerSend, ShortChunks, strangers } from "./short-chunks.ts";

/** Receiving a chunk costs as much as so many bytes, however short it is. */
const leastCost = 256;

/** A chunk of fewer bytes is tiny: reading it takes longer than what it holds is worth. */
const tinyBytes = 32;
/** So many chunks that a body has beyond what its bytes are worth may be tiny. */
const mostTiny = 1_000;

/** A Buffer takes well over 100 bytes besides its content, so chunks shorter than this are copied together. */
const smallBytes = 512;
const pieceBytes = 4 * 1024;
/** How long they may wait for each other: whoever reads the body must see what came of it. */
const gatherMs = 10;
/** The first chunks are passed on at once, and are not counted: nearly all bodies have no more. */
const ungathered = 16;

/**
 * A request that knows what the chunks of its body cost. It sees them where Node hands them over, so this holds for
 * every route, before anybody reads the body and after it was answered. Whoever reads it gets few and longer pieces.
 */
export class CountedRequest extends RequestWithHeaders {
  #chunks = 0;
  #bytes = 0;
  #cost = 0;
  #isRefused = false;
  #sender = strangers;
  /** Room for small chunks, of which so much is filled with what was not passed on yet. */
  #room: Buffer | undefined;
  #filled = 0;
  #timer: NodeJS.Timeout | undefined;

  /** What all chunks that have come cost, in bytes. */
  get cost(): number {
    return this.#cost;
  }

  /** Call when it is known which account sends it: its chunks count for that from then on. */
  isFrom(accountId: string): void {
    this.#sender = accountId;
  }

  /** Node calls this when more of the body is wanted. */
  // oxlint-disable-next-line no-underscore-dangle
  override _read(size: number): void {
    // oxlint-disable-next-line no-underscore-dangle
    const read = (): void => super._read(size);
    if (this.#isPaused) ShortChunks.of(this.#sender).wait(read);
    else read();
  }

  /** Node gives each chunk to this, and null at the end. */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#passOn();
      return super.push(null);
    }
    if (this.#isRefused) return false;
    this.#chunks++;
    this.#bytes += chunk.length;
    this.#cost += Math.max(chunk.length, leastCost);
    if (!this.#mayBeRead(chunk.length)) return this.#refuse();
    if (this.#chunks > ungathered && chunk.length < smallBytes) return this.#gather(chunk) && !this.#isPaused;
    this.#passOn();
    return super.push(chunk) && !this.#isPaused;
  }

  get #isPaused(): boolean {
    return this.#sender !== strangers && ShortChunks.areSpent(this.#sender);
  }

  /** Counts a chunk, if it is short. False when a body has too many tiny ones, or strangers send too many short ones. */
  #mayBeRead(bytes: number): boolean {
    if (this.#chunks <= ungathered || bytes >= leastCost) return true;
    if (this.#chunks - ungathered - this.#bytes / tinyBytes > mostTiny) return false;
    if (this.#sender === strangers) return mayStrangerSend(this.socket);
    ShortChunks.of(this.#sender).use();
    return true;
  }

  #gather(chunk: Buffer): boolean {
    if (this.#room && this.#filled + chunk.length > this.#room.length) {
      this.#passOn();
      this.#room = undefined;
    }
    this.#room ??= Buffer.allocUnsafe(pieceBytes);
    chunk.copy(this.#room, this.#filled);
    this.#filled += chunk.length;
    this.#timer ??= setTimeout(() => this.#passOn(), gatherMs);
    return this.readableLength < this.readableHighWaterMark;
  }

  #passOn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#room || this.#filled === 0) return;
    const piece = this.#room.subarray(0, this.#filled);
    // What is left of it is used, too: pieces of a slow body would otherwise keep far more than they have.
    this.#room = this.#room.subarray(this.#filled);
    this.#filled = 0;
    if (!this.destroyed) super.push(piece);
  }

  #refuse(): false {
    this.#isRefused = true;
    clearTimeout(this.#timer);
    this.#room = undefined;
    this.#filled = 0;
    if (!this.emit(tooFine)) this.destroy();
    return false;
  }
}

const tooFine = "tooFine";
const words = "The body has too many short chunks. Send it in longer ones.\n";
const refusal = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${words.length}\r\n\r\n${words}`;

/**
 * Ends the connection of a body that comes in too many tiny chunks. Whoever works on the request sees that its client
 * has gone.
 */
export function refuseTooFine(request: CountedRequest, response: ServerResponse): void {
  request.once(tooFine, () => {
    const { socket } = request;
    skipBodies(socket);
    // Without a socket of its own, the response waits for the one before it on this connection.
    if (response.socket && !response.headersSent) socket.write(refusal);
    socket.destroySoon();
  });
}

/** Node's parser of a connection. It calls its fields with these numbers for what it finds. */
interface Parser {
  [callback: number]: unknown;
  constructor: { kOnBody?: number };
}

/**
 * Lets Node's parser pass over what it has read already: up to ten thousand chunks, which it would otherwise make a Buffer of
 * each, although the connection is closed. Node has no public way, and takes ten times as long where this one has gone.
 */
function skipBodies(socket: Socket & { parser?: Parser | null }): void {
  const { parser } = socket;
  const callback = parser?.constructor.kOnBody;
  if (!parser || callback === undefined) return;
  const take = parser[callback];
  parser[callback] = undefined;
  // Node uses a parser again, for other connections.
  socket.once("close", () => (parser[callback] = take));
}

/** Says which account sends a request, once it is known. */
export function knowSender(request: IncomingMessage, accountId: string): void {
  if (request instanceof CountedRequest) request.isFrom(accountId);
}
