import type { IncomingMessage } from "node:http";
import { BodyTooLong, decodeText, decompress } from "../lib/body-text.ts";
import type { HeldBody } from "./held-bodies.ts";

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
 * @throws UnreadableBody, TooManyRequestsError
 */
export async function readBody(request: IncomingMessage, limit: number, held?: HeldBody): Promise<string> {
  const { "content-encoding": coding = "", "content-type": contentType } = request.headers;
  const bytes = await readBytes(request, limit, held);
  if (bytes.length === 0) throw new UnreadableBody(400, "empty", "The body is empty.");
  try {
    return decodeText(await decompress(bytes, coding, limit), contentType);
  } catch (error) {
    if (error instanceof BodyTooLong) throw new UnreadableBody(413, "too_large", error.message);
    throw error;
  }
}

/**
 * Uses events: an async iterator would cost as much as the rest of a small request.
 * @throws UnreadableBody, TooManyRequestsError
 */
export function readBytes(request: IncomingMessage, limit: number, held?: HeldBody): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const tooLarge = (): Error =>
      new UnreadableBody(413, "too_large", `The body has more than ${limit} bytes.`);
    const refuse = (why: unknown): void => {
      // Not destroyed: the caller still has to answer on this connection.
      request.off("data", take);
      chunks.length = 0;
      reject(why);
    };
    const breakOff = (): void => reject(new UnreadableBody(400, "incomplete", "The body was broken off."));
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) return refuse(tooLarge());
      try {
        held?.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    };
    if (Number(request.headers["content-length"] ?? 0) > limit) return refuse(tooLarge());
    request.on("data", take);
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once("error", breakOff);
    request.once("close", () => {
      if (!request.readableEnded) breakOff();
    });
  });
}
