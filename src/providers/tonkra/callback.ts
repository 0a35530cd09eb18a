import type { CallbackReading } from "../provider.ts";
import { readLenientJson } from "../wire/json.ts";

/** Tonkra documents no callbacks, so posted data is not trusted. */
export function parseCallback(body: string): CallbackReading {
  return readLenientJson(body) === undefined
    ? { kind: "malformed", reason: "The body is not JSON, even after repair." }
    : { kind: "unreadable", reason: "Tonkra posts no callbacks; its messages are looked up." };
}
