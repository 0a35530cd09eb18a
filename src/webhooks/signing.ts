import { createHmac, randomBytes } from "node:crypto";

/** The secrets of one webhook: the present one, and earlier ones that still sign for a while. */
export interface SigningSecrets {
  secret: string;
  earlier?: { secret: string; until: string }[];
}

const prefix = "whsec_";

/** As Standard Webhooks writes a symmetric secret: 32 random bytes in base64 after a prefix. */
export const newSecret = (): string => prefix + randomBytes(32).toString("base64");

export const overlapHours = 24;

/** Enough in practice: every request carries a signature for each. */
const maxEarlier = 5;

/** Adds a new secret. The one before it goes on signing for `overlapHours`. */
export function rotate({ secret, earlier = [] }: SigningSecrets, now: Date): SigningSecrets {
  const until = new Date(now.getTime() + overlapHours * 3_600_000).toISOString();
  const kept = earlier.filter((one) => new Date(one.until) > now);
  return { secret: newSecret(), earlier: [{ secret, until }, ...kept].slice(0, maxEarlier) };
}

/** What is signed: Standard Webhooks joins these three by full stops. */
interface SignedContent {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The header `webhook-signature`: a signature for each secret that is in force, the present one first. */
export function sign({ secret, earlier = [] }: SigningSecrets, content: SignedContent): string {
  const valid = earlier.filter(({ until }) => Date.parse(until) > content.timestamp * 1000);
  return [secret, ...valid.map((one) => one.secret)].map((one) => signWith(one, content)).join(" ");
}

function signWith(secret: string, { id, timestamp, body }: SignedContent): string {
  const key = Buffer.from(secret.slice(prefix.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return `v1,${signature}`;
}

/** The headers of Standard Webhooks. */
export function signedHeaders(
  secrets: SigningSecrets,
  id: string,
  body: string,
  now: Date,
): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  const timestamp = Math.floor(now.getTime() / 1000);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": sign(secrets, { id, timestamp, body }),
  };
}
