import { promisify } from "node:util";
import { brotliDecompress, constants, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

/**
 * The text of an HTTP body in any encoding. Headers and declarations are only hints: some bodies are
 * compressed without saying so, some say so and are not, and some name the wrong charset.
 */

/** A body that is longer than the limit after decompression. */
export class BodyTooLong extends Error {}

type Decompress = (
  bytes: Buffer,
  options: { maxOutputLength: number; finishFlush?: number },
) => Promise<Buffer>;

/** Takes what is there of a body that ends without its checksum. */
const leniently =
  (way: Decompress): Decompress =>
  (bytes, options) =>
    way(bytes, { ...options, finishFlush: constants.Z_SYNC_FLUSH });

const decompressors: Readonly<Record<string, readonly Decompress[]>> = {
  gzip: [leniently(promisify(gunzip))],
  "x-gzip": [leniently(promisify(gunzip))],
  // With a zlib header, as the standard says, or without one, as some servers send it.
  deflate: [leniently(promisify(inflate)), leniently(promisify(inflateRaw))],
  br: [promisify(brotliDecompress)],
  zstd: [promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress)],
};

/**
 * How many times as long as it was sent a body may become. Lists of recipients reach fifty; a few bytes that become
 * megabytes are made to exhaust a server.
 */
const maxRatio = 200;
/** Bodies that become no longer than this may have any ratio. */
const smallBytes = 1024 * 1024;

/** Number of codings applied on top of each other. Real bodies have no more. */
const maxCodings = 3;

/**
 * Undoes a `Content-Encoding`. Bytes that are not in the named coding are returned unchanged.
 * @throws BodyTooLong when the result has more than `limit` bytes, or far more than were sent
 */
export async function decompress(bytes: Buffer, contentEncoding: string, limit: number): Promise<Buffer> {
  if (contentEncoding === "" && !isGzip(bytes)) return bytes;
  const named = contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => Object.hasOwn(decompressors, coding));
  const codings = named.length === 0 && isGzip(bytes) ? ["gzip"] : named.slice(-maxCodings).toReversed();
  const most = Math.min(limit, Math.max(smallBytes, bytes.length * maxRatio));
  let plain = bytes;
  for (const coding of codings) plain = await undo(plain, decompressors[coding] ?? [], most);
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
 * Decodes text: by its byte order mark, as UTF-8 if it is valid, or by its content type or XML declaration.
 * If none fits, it is read as UTF-8 and the bad bytes are lost, because the rest may still be useful.
 */
export const decodeText = (bytes: Buffer, contentType = ""): string =>
  withoutPadding(decode(bytes, contentType));

/** Some programs send the zero byte that ends a text in memory. */
function withoutPadding(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\0") end--;
  return text.slice(0, end);
}

function decode(bytes: Buffer, contentType: string): string {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return (decoderOf(charsetOf(bytes, contentType)) ?? new TextDecoder()).decode(bytes);
  }
}

/**
 * Detects UTF-16 by the byte order mark, or by the zero byte beside the first character, which is ASCII in
 * JSON and XML.
 */
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
