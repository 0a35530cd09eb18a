import { STATUS_CODES } from "node:http";

/** The name of an HTTP status, for answers that say nothing themselves. */
export function reasonPhrase(status: number): string {
  return `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trim();
}

/** A provider's text on one line of at most 300 characters, for people and logs. */
export function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299).toWellFormed()}…` : line;
}
