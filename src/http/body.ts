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
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableBody(415, "not_text", "The body is not UTF-8 text.");
  }
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new UnreadableBody(413, "too_large", `The body has more than ${limit} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Not destroyed on an early exit: the caller still has an answer to give on this connection.
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
