#!/bin/sh
# csv-parse 7.0.3 (2026), options `trim` and `relax_quotes` together.
#
# One would expect `trim` to be `ltrim` and `rtrim`, and none of them to change what `relax_quotes` accepts:
# a field with a nickname in quotes, `"Jan "Honza" Novak"`, read as it stands.
# Seen: with `relax_quotes` alone and with `ltrim` the row is read, and with `trim` or `rtrim` the same row is
# refused with CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund csv-parse@7.0.3
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";

const row = '+421901000001,"Jan "Honza" Novak",yes\n';
const outcome = (options) => {
  try {
    return parse(row, { relax_quotes: true, ...options })[0][1];
  } catch (error) {
    return error.code;
  }
};
const seen = { alone: outcome({}), ltrim: outcome({ ltrim: true }), rtrim: outcome({ rtrim: true }), trim: outcome({ trim: true }) };
console.log(seen);
assert.equal(seen.alone, seen.ltrim);
assert.equal(seen.rtrim, "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE");
assert.equal(seen.trim, "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE");
EOF
node try.mjs
