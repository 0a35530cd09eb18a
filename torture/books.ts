import type { BookEntry } from "../src/sandbox/book.ts";
import type { Provider } from "./providers.ts";
import type { Stored } from "./stored.ts";

/** A message as a provider has it in its books. */
export interface Booked extends BookEntry {
  kind: string;
}

/** What the providers themselves have, by recipient. */
export function readBooks(providers: readonly Provider[]): Map<string, Booked[]> {
  const entries = providers.flatMap(({ twin: { kind }, server }) =>
    server.book().map((entry) => ({ ...entry, kind })),
  );
  return Map.groupBy(entries, ({ to }) => to);
}

/** How a provider's scenario for that number ends, as the sandbox's table has it. */
export function endOf(providers: readonly Provider[], kind: string, to: string): string {
  const scenarios = providers.find(({ twin }) => twin.kind === kind)?.twin.scenarios ?? [];
  return scenarios.find(({ suffix }) => to.endsWith(suffix))?.expected ?? "DELIVERED";
}

/** As far as docs/providers.md says the clock of a process may be wrong, where a message can only be found by its time. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };

/** Whether a message whose answer was lost can be found by asking. */
export function canBeFound({ attemptedAt }: Pick<Stored, "attemptedAt">, { kind, takenAt }: Booked): boolean {
  if (kind === "TELEKOM") return false;
  if (!takenAt || !attemptedAt) return true;
  const laterMs = takenAt.getTime() - attemptedAt.getTime();
  return laterMs >= -window.beforeMs && laterMs <= window.afterMs;
}
