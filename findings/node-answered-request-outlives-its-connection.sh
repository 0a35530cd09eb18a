#!/bin/sh
# Node.js 26.10.0 (2026-11): a request that is answered before its body has come, whose client then goes away.
#
# The documentation says that `close` comes when a request "has been completed", and a client that goes away in the middle of a body
# usually ends it: `aborted`, `error` and `close`, after which everything that was set up for it can be cleared.
# Seen: that holds only while there is no answer. Once the answer has been sent, Node has taken the request off the list of its
# connection, and when that closes the request hears nothing: no `aborted`, `error`, `end` or `close`, ever. Timers that are
# cleared on its `close` run on and keep it, with all that its listeners hold. A server that answers refused uploads early kept 32 to
# 800 KB for each of thousands of them for a minute. The `close` of the socket comes, so destroy the request there.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@26.10.0 2>/dev/null
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** What a request hears when its client goes away in the middle of its body. */
async function heard(answersEarly) {
  const events = [];
  const server = createServer((request, response) => {
    for (const name of ["aborted", "end", "error", "close"]) request.on(name, () => events.push(name));
    request.socket.on("close", () => events.push("socket closed"));
    if (answersEarly) response.writeHead(413).end("too large");
  }).listen(0);
  await once(server, "listening");
  const client = connect(server.address().port);
  client.on("error", () => {}).on("data", () => {});
  client.write("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 100000\r\n\r\nthe beginning");
  await pause(500);
  client.destroy();
  await pause(2_000);
  server.close();
  return events.sort();
}

const seen = { unanswered: await heard(false), answered: await heard(true) };
console.log(process.version, seen);
assert.deepEqual(seen.unanswered, ["aborted", "close", "error", "socket closed"]);
assert.deepEqual(seen.answered, ["socket closed"], "a request that was answered hears of its connection now");
EOF
node_modules/.bin/node try.mjs
