#!/bin/sh
# Node.js 26.10.0 (2026-11): `String(number)` of millions of different numbers, none of which is kept.
#
# Short texts that nobody keeps are the cheapest garbage there is: the young space is emptied, and they are gone. One would
# expect the same of the texts of numbers.
# Seen: V8 puts each text that it makes of a number beyond 2^31 into a cache, by `String(n)`, a template or `join`. What is in
# the cache survives, is moved to the old space, and stays there until that is collected as a whole: 13 MB for two million
# numbers, when `JSON.stringify(n)`, `n.toFixed(0)` and `BigInt(n).toString()` leave nothing. Where the telephone
# numbers of a sheet were read, that was 10 of 48 MB that 300,000 rows left there. Take the text where there is one, or `JSON.stringify`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@26.10.0 2>/dev/null
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { getHeapSpaceStatistics } from "node:v8";

const oldSpace = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space").space_used_size;

/** Megabytes in the old space after the texts of two million telephone numbers. */
function left(textOf) {
  gc();
  gc();
  const before = oldSpace();
  let length = 0;
  // Looked at now and then: a full collection empties the cache.
  let most = 0;
  for (let index = 0; index < 2_000_000; index++) {
    length += textOf(421_901_000_000 + index).length;
    if (index % 10_000 === 0) most = Math.max(most, oldSpace() - before);
  }
  assert.equal(length, 24_000_000);
  return most / 2 ** 20;
}

const seen = {
  "String(n)": left((n) => String(n)),
  "`${n}`": left((n) => `${n}`),
  "JSON.stringify(n)": left((n) => JSON.stringify(n)),
  "n.toFixed(0)": left((n) => n.toFixed(0)),
  "BigInt(n).toString()": left((n) => BigInt(n).toString()),
};
console.log(process.version, "MB in the old space:", seen);
const [text, template, ...others] = Object.values(seen);
assert.ok(text > 5 && template > 5, "the texts of numbers are not kept any more");
assert.ok(Math.max(...others) < 1, "the other ways leave something, too");
EOF
node_modules/.bin/node --expose-gc try.mjs
