import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

/**
 * The text of an HTTP body, whatever it was encoded with. What a header or a declaration says is a hint: bodies are
 * found that are compressed and do not say so, that say so and are not, and that name a charset they are not in.
 */

/** A body that is longer than the limit once it is decompressed. */
export class BodyTooLong extends Error {}

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const decompressors: Readonly<Record<string, readonly Decompress[]>> = {
  gzip: [promisify(gunzip)],
  "x-gzip": [promisify(gunzip)],
  // With its zlib header, as the standard says, or without, as some servers send it.
  deflate: [promisify(inflate), promisify(inflateRaw)],
  br: [promisify(brotliDecompress)],
  zstd: [promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress)],
};

/** Codings that are applied one over the other. Nobody needs more. */
const maxCodings = 3;

/**
 * Undoes a `Content-Encoding`; bytes that are not in the coding that is named stay as they are.
 * @throws BodyTooLong when they come to more than `limit`
 */
export async function decompress(bytes: Buffer, contentEncoding: string, limit: number): Promise<Buffer> {
  const named = contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => Object.hasOwn(decompressors, coding));
  const codings = named.length === 0 && isGzip(bytes) ? ["gzip"] : named.slice(-maxCodings).toReversed();
  let plain = bytes;
  for (const coding of codings) plain = await undo(plain, decompressors[coding] ?? [], limit);
  return plain;
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function undo(bytes: Buffer, ways: readonly Decompress[], limit: number): Promise<Buffer> {
  for (const way of ways) {
    try {
      return await way(bytes, { maxOutputLength: limit });
    } catch (error) {
      if (error instanceof RangeError) throw new BodyTooLong(`The body has more than ${limit} bytes.`);
    }
  }
  return bytes;
}

/**
 * Reads text in the charset it is in: by its byte order mark, else UTF-8 where it is that, else as its content type
 * or its XML declaration says. What is in none of them is UTF-8 with some bytes lost: the rest can still be read.
 */
export function decodeText(bytes: Buffer, contentType = ""): string {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return (decoderOf(charsetOf(bytes, contentType)) ?? new TextDecoder()).decode(bytes);
  }
}

/** By the byte order mark, or by the zero beside the first character, which is ASCII in JSON and in XML. */
function utf16Of([first, second]: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (first === undefined || second === undefined) return undefined;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? "utf-16be" : undefined;
}

function charsetOf(bytes: Buffer, contentType: string): string | undefined {
  const declared = /charset\s*=\s*["']?([^\s;"']+)/i.exec(contentType)?.[1];
  if (declared !== undefined && !/^utf-?8$|ascii$/i.test(declared)) return declared;
  const start = bytes.toString("latin1", 0, 200);
  return /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)/i.exec(start)?.[1];
}

function decoderOf(charset: string | undefined): TextDecoder | undefined {
  try {
    return charset === undefined ? undefined : new TextDecoder(charset);
  } catch {
    return undefined;
  }
}
