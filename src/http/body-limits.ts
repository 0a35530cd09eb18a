import type { Viewer } from "../access/api-keys.ts";

/** Limits on the body of a GraphQL request. */
interface BodyLimits {
  bytes: number;
  /** How long it may take to arrive. */
  ms: number;
}

/** Without a key, and with a watch token: an operation, and no lists of recipients. */
const strangerBytes = 64 * 1024;
const strangerMs = 8_000;
/** For a key that can neither send nor ask for quotes: a thousand rates, or as many ids. */
const administratorBytes = 1024 * 1024;

/** Reads no more than the key can use; `most` is the limit of keys that may send. */
export function limitsOf(viewer: Viewer | undefined, most: BodyLimits): BodyLimits {
  if (!viewer || viewer.watches)
    return { bytes: Math.min(strangerBytes, most.bytes), ms: Math.min(strangerMs, most.ms) };
  const sends = viewer.scopes.has("SEND") || viewer.scopes.has("READ");
  return sends ? most : { bytes: Math.min(administratorBytes, most.bytes), ms: most.ms };
}
