import type { IncomingMessage } from "node:http";
import { BodyTooLong, decodeText, decompress } from "../lib/body-text.ts";

/** A request body that cannot be read. */
export class UnreadableBody extends Error {
  readonly status: number;
  readonly reason: "empty" | "incomplete" | "too_large";
  constructor(status: number, reason: UnreadableBody["reason"], message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/**
 * Reads a body of at most `limit` bytes as text, compressed or not, in any charset.
 * @throws UnreadableBody
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const { "content-encoding": coding = "", "content-type": contentType } = request.headers;
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) throw new UnreadableBody(400, "empty", "The body is empty.");
  try {
    return decodeText(await decompress(bytes, coding, limit), contentType);
  } catch (error) {
    if (error instanceof BodyTooLong) throw new UnreadableBody(413, "too_large", error.message);
    throw error;
  }
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new UnreadableBody(413, "too_large", `The body has more than ${limit} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Not destroyed on an early exit: the caller still has to answer on this connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) break;
      chunks.push(chunk);
    }
  } catch {
    throw new UnreadableBody(400, "incomplete", "The body was broken off.");
  }
  if (length > limit) throw tooLarge;
  return Buffer.concat(chunks);
}
