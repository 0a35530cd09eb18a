/** Space for the frame head and the socket's own beginning, in front of the shared text. */
const roomBefore = 256;
/** Longer texts are not copied into a frame. */
const maxSharedBytes = 16_384;

const wholeText = 0x81;

/**
 * Builds text frames (RFC 6455, section 5.2) for sockets that get the same text with different beginnings.
 * Every frame uses the same buffer, so only the beginning is written for each socket, and one write sends it
 * all.
 */
export class TextFrames {
  #bytes = Buffer.alloc(0);
  #shared: Uint8Array | undefined;
  #frame = this.#bytes;
  /** Where the last frame begins in `#bytes`; undefined when there is none yet. */
  #start: number | undefined;

  /**
   * Returns the frame of a text in two parts. It is valid until the next call. Undefined when the text is too
   * long.
   */
  make(first: Uint8Array, shared: Uint8Array): Buffer | undefined {
    const length = first.length + shared.length;
    const headLength = headLengthOf(length);
    const start = roomBefore - first.length - headLength;
    if (start < 0 || shared.length > maxSharedBytes) return undefined;
    if (this.#shared !== shared) {
      // No larger than needed: stalled sockets, perhaps all at once, each keep one buffer.
      const room = roomBefore + shared.length;
      if (this.#bytes.length < room) this.#bytes = Buffer.allocUnsafeSlow(room);
      this.#bytes.set(shared, roomBefore);
      this.#shared = shared;
      this.#start = undefined;
    }
    if (this.#start !== start) {
      this.#frame = this.#bytes.subarray(start, roomBefore + shared.length);
      this.#start = start;
      writeHead(this.#frame, length);
    }
    this.#frame.set(first, headLength);
    return this.#frame;
  }

  /** The last frame is still being written, so the next one gets a new buffer. */
  keep(): void {
    this.#bytes = Buffer.alloc(0);
    this.#shared = undefined;
  }
}

/** The head of a text frame with the beginning of its text; `rest` more bytes follow. */
export function beginText(first: Uint8Array, rest: number): Buffer {
  const length = first.length + rest;
  const headLength = headLengthOf(length);
  const bytes = Buffer.allocUnsafe(headLength + first.length);
  writeHead(bytes, length);
  bytes.set(first, headLength);
  return bytes;
}

const headLengthOf = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

function writeHead(frame: Buffer, length: number): void {
  frame[0] = wholeText;
  const headLength = headLengthOf(length);
  if (headLength === 2) frame[1] = length;
  else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
}
