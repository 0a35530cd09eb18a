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

/** Uses events: an async iterator would cost as much as the rest of a small request. */
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (): void => {
      // Not destroyed: the caller still has to answer on this connection.
      request.off("data", take);
      reject(new UnreadableBody(413, "too_large", `The body has more than ${limit} bytes.`));
    };
    const breakOff = (): void => reject(new UnreadableBody(400, "incomplete", "The body was broken off."));
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) return refuse();
      chunks.push(chunk);
    };
    if (Number(request.headers["content-length"] ?? 0) > limit) return refuse();
    request.on("data", take);
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once("error", breakOff);
    request.once("close", () => {
      if (!request.readableEnded) breakOff();
    });
  });
}
