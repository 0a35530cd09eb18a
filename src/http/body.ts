import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";

/** A request body that is not the text we take. */
export class UnreadableBody extends Error {
  readonly status: number;
  readonly reason: "empty" | "incomplete" | "too_large" | "not_text";
  constructor(status: number, reason: UnreadableBody["reason"], message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const utf8 = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);

/**
 * Reads a body of at most `limit` bytes as UTF-8 text.
 * @throws UnreadableBody
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i
    .exec(request.headers["content-type"] ?? "")?.[1]
    ?.toLowerCase();
  if (charset !== undefined && !utf8.has(charset)) {
    throw new UnreadableBody(
      415,
      "not_text",
      `The charset ${charset.slice(0, 40)} is not taken. Send UTF-8.`,
    );
  }
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) throw new UnreadableBody(400, "empty", "The body is empty.");
  if (!isUtf8(bytes)) throw new UnreadableBody(415, "not_text", "The body is not UTF-8 text.");
  return bytes.toString("utf8").replace(/^\uFEFF/, "");
}

/** By events: an iterator, and all that comes with it, costs as much as the rest of a small request. */
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (): void => {
      // Not destroyed: the caller still has an answer to give on this connection.
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
