/** Room for what is put before a text that many share: the head of its frame, and the beginning of its own. */
const roomBefore = 256;
/** Longer texts are not copied. */
const maxSharedBytes = 16_384;

const wholeText = 0x81;

/**
 * Puts text frames (RFC 6455, section 5.2) together for sockets that are sent the same but for its beginning: each in
 * the place of the one before, so that a socket costs the bytes that are its own, and one write.
 */
export class TextFrames {
  #bytes = Buffer.alloc(0);
  #shared: Uint8Array | undefined;
  #frame = this.#bytes;
  /** Where its frame begins; undefined while it has none. */
  #start: number | undefined;

  /** The frame of a text in two parts, until the next one is asked for. Undefined when it is too long. */
  make(first: Uint8Array, shared: Uint8Array): Buffer | undefined {
    const length = first.length + shared.length;
    const headLength = headLengthOf(length);
    const start = roomBefore - first.length - headLength;
    if (start < 0 || shared.length > maxSharedBytes) return undefined;
    if (this.#shared !== shared) {
      // No larger than it must be: sockets that stand still, all at once perhaps, keep one each.
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

  /** The last one is still being written: the next gets a place of its own. */
  keep(): void {
    this.#bytes = Buffer.alloc(0);
    this.#shared = undefined;
  }
}

/** The head of a text frame, and the beginning of its text, of which `rest` bytes are to come. */
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
