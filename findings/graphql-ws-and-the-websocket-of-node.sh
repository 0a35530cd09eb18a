#!/bin/sh
# graphql-ws 6.4.2 with the WebSocket that is built into Node, and a server that breaks a connection off.
#
# One would expect a client with `retryAttempts: 3` to connect again, as it does with a socket of `ws`: its documents
# say that it retries unless a close is fatal.
# Seen: with `ws` 8.23.0 it connects again, and with Node's own WebSocket the subscription ends at once with an
# error, since that one tells of a cut by an `error` before the `close`, and what is no close is not retried
# unless `shouldRetry` says so.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphql-ws@6.4.2 graphql@16.11.0 ws@8.23.0
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createClient } from "graphql-ws";
import { WebSocket as WsSocket, WebSocketServer } from "ws";

const http = createServer();
const server = new WebSocketServer({ server: http });
let connections = 0;
server.on("connection", (socket) => {
  connections++;
  socket.on("message", (data) => {
    const { type, id } = JSON.parse(data);
    if (type === "connection_init") socket.send('{"type":"connection_ack"}');
    if (type !== "subscribe") return;
    // The first connection is cut without a close frame, as by a network; the second serves.
    if (connections === 1) socket.terminate();
    else socket.send(JSON.stringify({ id, type: "complete" }));
  });
});
http.listen(0, "127.0.0.1");
await once(http, "listening");

async function subscribe(webSocketImpl) {
  connections = 0;
  const url = `ws://127.0.0.1:${http.address().port}`;
  const client = createClient({ url, webSocketImpl, retryAttempts: 3, retryWait: async () => {} });
  const error = await new Promise((done) =>
    client.subscribe({ query: "subscription { x }" }, { next() {}, error: done, complete: () => done(undefined) }),
  );
  return { connections, error: error?.constructor.name };
}
const seen = { ws: await subscribe(WsSocket), node: await subscribe(globalThis.WebSocket) };
console.log(process.version, seen);
assert.deepEqual(seen.ws, { connections: 2, error: undefined });
assert.equal(seen.node.connections, 1);
assert.ok(seen.node.error);
http.closeAllConnections();
process.exit(0);
EOF
node try.mjs
