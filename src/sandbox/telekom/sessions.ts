import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";

/** A session ends after this time without a call (Telekom SK documentation). */
const idleLimitMs = 15 * 60_000;
const maxSessions = 10_000;

export interface Sessions {
  open(): string;
  /** Whether the session is alive. If so, its idle time starts again. */
  touch(id: string): boolean;
  end(id: string): void;
}

export function createSessions(clock: Clock, random: Random): Sessions {
  /** Time of the last use, the longest idle session first. */
  const usedAt = new Map<string, number>();

  function use(id: string): void {
    usedAt.delete(id);
    usedAt.set(id, clock.now());
    const [oldest] = usedAt.keys();
    if (usedAt.size > maxSessions && oldest !== undefined) usedAt.delete(oldest);
  }

  return {
    open() {
      const id = random.uuid();
      use(id);
      return id;
    },
    touch(id) {
      const at = usedAt.get(id);
      const isAlive = at !== undefined && clock.now() - at <= idleLimitMs;
      if (isAlive) use(id);
      return isAlive;
    },
    end: (id) => void usedAt.delete(id),
  };
}
