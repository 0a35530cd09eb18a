import { IncomingMessage, type ServerResponse } from "node:http";

/** Receiving a chunk costs as much as so many bytes, however short it is. */
const leastCost = 256;

/** So many chunks of a body may be tiny. In a longer body they must have so many bytes on average. */
const mostTiny = 1_000;
const leastMean = 32;

/** A Buffer takes well over 100 bytes besides its content, so chunks shorter than this are copied together. */
const smallBytes = 512;
const pieceBytes = 4 * 1024;
/** How long they may wait for each other: whoever reads the body must see what came of it. */
const gatherMs = 10;
/** The first chunks are passed on at once: nearly all bodies have no more. */
const ungathered = 16;

/**
 * A request that knows what the chunks of its body cost. It sees them where Node hands them over, so this holds for
 * every route, before anybody reads the body and after it was answered. Whoever reads it gets few and longer pieces.
 */
export class CountedRequest extends IncomingMessage {
  #chunks = 0;
  #bytes = 0;
  #cost = 0;
  #isRefused = false;
  /** Room for small chunks, of which so much is filled with what was not passed on yet. */
  #room: Buffer | undefined;
  #filled = 0;
  #timer: NodeJS.Timeout | undefined;

  /** What all chunks that have come cost, in bytes. */
  get cost(): number {
    return this.#cost;
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
    if (this.#chunks > mostTiny && this.#bytes < leastMean * this.#chunks) return this.#refuse();
    if (this.#chunks > ungathered && chunk.length < smallBytes) return this.#gather(chunk);
    this.#passOn();
    return super.push(chunk);
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
const words = `The body comes in more than ${mostTiny} chunks of less than ${leastMean} bytes. Send it in longer ones.\n`;
const refusal = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${words.length}\r\n\r\n${words}`;

/**
 * Ends the connection of a body that comes in too many tiny chunks. Whoever works on the request sees that its client
 * has gone.
 */
export function refuseTooFine(request: CountedRequest, response: ServerResponse): void {
  request.once(tooFine, () => {
    const { socket } = request;
    // Without a socket of its own, the response waits for the one before it on this connection.
    if (response.socket && !response.headersSent) socket.write(refusal);
    socket.destroySoon();
  });
}
