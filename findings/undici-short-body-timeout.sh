#!/bin/sh
# undici 8.12.4 (2026), `bodyTimeout` and `headersTimeout` of less than a second.
#
# One would expect both to end a request when that time has passed: they are given in milliseconds.
# Seen: `headersTimeout: 100` and `bodyTimeout: 100` end it after half a second to a second, since both are
# kept by timers that are looked at about twice a second. A limit that must hold needs a timer of one's own.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund undici@8.12.4
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { request, Agent } from "undici";

const server = createServer((incoming, response) => {
  if (incoming.url === "/body") response.writeHead(200, { "content-length": 10 }).write("12345");
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const dispatcher = new Agent({ headersTimeout: 100, bodyTimeout: 100 });
const origin = `http://127.0.0.1:${server.address().port}`;
async function timed(path) {
  const from = performance.now();
  const error = await request(origin + path, { dispatcher }).then(({ body }) => body.text()).catch((thrown) => thrown);
  return { code: error.code, ms: Math.round(performance.now() - from) };
}
const seen = { head: await timed("/head"), body: await timed("/body") };
console.log(seen);
assert.equal(seen.head.code, "UND_ERR_HEADERS_TIMEOUT");
assert.equal(seen.body.code, "UND_ERR_BODY_TIMEOUT");
assert.ok(seen.head.ms >= 300 && seen.body.ms >= 300, "the limits hold now");
server.closeAllConnections();
server.close();
EOF
node try.mjs
