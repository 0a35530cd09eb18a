import type { ServerResponse } from "node:http";

/** How long a client may leave its answer unread before the connection is closed. */
const maxUnreadMs = 60_000;

/** What leaves when an answer was sent. The operations of one batch share their answer, and so its one listener. */
const waiting = new WeakMap<ServerResponse, (() => void)[]>();

/** An answer over HTTP keeps its place until the client has taken it. */
export function untilSentBy(response: ServerResponse): (leave: () => void) => void {
  return (leave) => {
    if (response.closed) return leave();
    const others = waiting.get(response);
    if (others) return void others.push(leave);
    const leaves = [leave];
    waiting.set(response, leaves);
    const cutOff = setTimeout(() => response.destroy(), maxUnreadMs).unref();
    response.once("close", () => {
      clearTimeout(cutOff);
      for (const each of leaves) each();
    });
  };
}
