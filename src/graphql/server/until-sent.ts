import type { ServerResponse } from "node:http";

/** How long a client may leave its answer unread before the connection is closed. */
const maxUnreadMs = 60_000;

/** An answer over HTTP keeps its place until the client has taken it. */
export function untilSentBy(response: ServerResponse): (leave: () => void) => void {
  return (leave) => {
    if (response.closed) return leave();
    const cutOff = setTimeout(() => response.destroy(), maxUnreadMs).unref();
    response.once("close", () => {
      clearTimeout(cutOff);
      leave();
    });
  };
}
