import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * How long an unwanted body is read and dropped: many clients read the answer only after they have sent
 * everything.
 */
const dropMs = 8_000;

/** How long somebody without a key may leave an answer unread. */
const unreadMs = 8_000;

/** Ends a request that takes too long, as Node would. Node has only one limit for all requests. */
export function limitTime(request: IncomingMessage, response: ServerResponse, maxMs: number): void {
  if (request.complete) return;
  const timer = setTimeout(() => {
    if (request.complete) return;
    if (!response.headersSent)
      request.socket.write("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n");
    request.socket.destroySoon();
  }, maxMs);
  timer.unref();
  // This also limits how long the rest is read and dropped after an early answer.
  request.once("close", () => clearTimeout(timer));
}

/** Requests whose rest has the time that the whole request has. */
const entitled = new WeakSet<IncomingMessage>();

/**
 * Lets the rest of a body come that is answered before its end. For those with a key: many clients read an
 * answer only after they have sent everything, and a busy machine reads a long body for longer than strangers get.
 */
export function grantRest(request: IncomingMessage): void {
  entitled.add(request);
}

/** Ends a request whose body is still coming a while after it was answered. */
export function limitRest(request: IncomingMessage, response: ServerResponse, maxMs = dropMs): void {
  if (request.complete) return;
  response.once("finish", () => {
    if (!entitled.has(request)) limitTime(request, response, maxMs);
  });
}

/** Ends the connection of a client that takes nothing of its answer for so long. */
export function limitUnread(response: ServerResponse, maxMs = unreadMs): void {
  let takenBefore = -1;
  const timer = setInterval(() => {
    const { socket } = response;
    if (!socket || socket.writableLength === 0) return;
    const taken = socket.bytesWritten - socket.writableLength;
    if (taken === takenBefore) socket.destroy();
    takenBefore = taken;
  }, maxMs / 2);
  timer.unref();
  response.once("close", () => clearInterval(timer));
}
