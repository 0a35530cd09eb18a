import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { newSecret, rotate, sign } from "../../src/webhooks/signing.ts";

const now = new Date();
const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
const inHours = (hours: number): Date => new Date(now.getTime() + hours * 3_600_000);

test("a signature is the one that the library of Standard Webhooks makes", () => {
  const secret = newSecret();
  const content = { id: "msg_1", timestamp: seconds(now), body: '{"name":"Ľuboš"}' };
  expect(sign({ secret }, content)).toBe(new Webhook(secret).sign("msg_1", now, content.body));
});

test("a secret has 32 random bytes after its prefix", () => {
  const secret = newSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newSecret()).not.toBe(secret);
});

test("an earlier secret signs for 24 hours after each rotation that replaced it, and not longer", () => {
  const once = rotate({ secret: newSecret() }, now);
  const twice = rotate(once, inHours(12));
  const count = (secrets: typeof twice, hours: number): number =>
    sign(secrets, { id: "msg_1", timestamp: seconds(inHours(hours)), body: "" }).split(" ").length;
  expect([count(once, 0), count(once, 23.9), count(once, 24.1)]).toEqual([2, 2, 1]);
  expect([count(twice, 12), count(twice, 25), count(twice, 37)]).toEqual([3, 2, 1]);
});

test("however often a secret is rotated, at most five earlier ones sign", () => {
  let secrets = rotate({ secret: newSecret() }, now);
  for (let count = 0; count < 10; count++) secrets = rotate(secrets, now);
  expect(secrets.earlier).toHaveLength(5);
});
