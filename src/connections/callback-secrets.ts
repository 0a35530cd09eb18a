import { randomBytes, timingSafeEqual } from "node:crypto";

/**
 * The secret last segments of callback URLs: the current one, and earlier ones that are still valid for a
 * while.
 */
export interface CallbackSecrets {
  callbackSecret: string;
  earlierSecrets?: EarlierSecret[];
}

interface EarlierSecret {
  secret: string;
  /** ISO 8601. */
  until: string;
}

export const newCallbackSecret = (): string => randomBytes(24).toString("base64url");

/** Enough in practice; every callback is compared with all of them. */
const maxEarlier = 5;

/** Adds a new secret. Earlier ones become invalid when the overlap ends, or before. */
export function rotateSecrets(secrets: CallbackSecrets, now: Date, overlapMs: number): CallbackSecrets {
  const end = new Date(now.getTime() + overlapMs).toISOString();
  const earlier = [{ secret: secrets.callbackSecret, until: end }, ...(secrets.earlierSecrets ?? [])]
    .map(({ secret, until }) => ({ secret, until: until < end ? until : end }))
    .filter(({ until }) => new Date(until) > now);
  return { callbackSecret: newCallbackSecret(), earlierSecrets: earlier.slice(0, maxEarlier) };
}

export function isCallbackSecret(
  { callbackSecret, earlierSecrets = [] }: CallbackSecrets,
  received: string,
  now: Date,
): boolean {
  const valid = earlierSecrets.filter(({ until }) => new Date(until) > now).map(({ secret }) => secret);
  return [callbackSecret, ...valid].some((secret) => isSame(received, secret));
}

function isSame(received: string, expected: string): boolean {
  const [one, other] = [Buffer.from(received), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
