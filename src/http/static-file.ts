import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What a browser gets of a file that does not depend on who asks. */
interface Served {
  type: string;
  /** Kept in memory: all who ask, and leave it unread, share them. */
  bytes: Buffer;
  /** How they are compressed: a value of `Content-Encoding`. */
  coding: string | undefined;
  /** The name changes with the content, so a browser may keep it. */
  isForEver: boolean;
}

/** Whether a client takes what is compressed so. */
export const accepts = ({ headers }: IncomingMessage, coding: string): boolean =>
  new RegExp(`\\b${coding}\\b`).test([headers["accept-encoding"]].join());

/** Answers GET and HEAD. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { type, bytes, coding, isForEver }: Served,
): Promise<void> {
  if (coding !== undefined) response.setHeader("content-encoding", coding);
  response.writeHead(200, {
    "content-type": type,
    "content-length": bytes.length,
    vary: "Accept-Encoding",
    "cache-control": isForEver ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(Readable.from(piecesOf(bytes)), response).catch(() => undefined);
}

const pieceBytes = 16 * 1024;

/** In pieces it can be seen whether the client takes anything. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
