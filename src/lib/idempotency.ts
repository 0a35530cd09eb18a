import { createHash } from "node:crypto";

/** How long an idempotency key stands for its input. */
export const keyHours = 24;

/** A key is deleted an hour after that, since keys are looked up without a lock. */
export const forgetKeyHours = keyHours + 1;

/** Keys of our own are stored with this before them, and no client may give one that begins so: they never meet. */
const ownMark = "\u001F";

export const ownKey = (name: string): string => `${ownMark}${name}`;

export const isOwnKey = (key: string): boolean => key.startsWith(ownMark);

/** Equal objects give equal texts, whether absent values are null or left out, in whatever order they come. */
export function canonical(input: object): string {
  const entries = Object.entries(input).filter(([, value]) => value != null);
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** The fingerprint (hexadecimal) of the input that a key stands for, given as canonical texts. */
export function fingerprintOf(parts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
