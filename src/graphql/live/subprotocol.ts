import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import type { WebSocket } from "ws";

/** The name under which the abandoned subscriptions-transport-ws speaks. */
const oldProtocol = "graphql-ws";
const graceMs = 1_000;
/** A close reason may have 123 bytes. */
const reason =
  "Speak graphql-transport-ws (npm package graphql-ws), not subscriptions-transport-ws, or subscribe over SSE";

/**
 * The old protocol is chosen too, because a client only sees a close reason when one of its protocols was
 * accepted.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return [GRAPHQL_TRANSPORT_WS_PROTOCOL, oldProtocol].find((name) => offered.has(name)) ?? false;
}

/** Closes a socket that does not speak our protocol, and says what to use. False when it does speak it. */
export function refuseProtocol(socket: WebSocket): boolean {
  if (socket.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) return false;
  socket.on("error", () => undefined);
  // subscriptions-transport-ws shows this message and ignores close reasons.
  if (socket.protocol === oldProtocol)
    socket.send(JSON.stringify({ type: "connection_error", payload: { message: reason } }));
  socket.close(CloseCode.SubprotocolNotAcceptable, reason);
  setTimeout(() => socket.terminate(), graceMs).unref();
  return true;
}
