import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";

/** A session lives through this much inactivity (Telekom SK documentation). */
const idleLimitMs = 15 * 60_000;
const maxSessions = 10_000;

export interface Sessions {
  open(): string;
  /** Whether the session is alive; if so, it lives on from now. */
  touch(id: string): boolean;
  end(id: string): void;
}

export function createSessions(clock: Clock, random: Random): Sessions {
  /** When each was last used, the longest idle first. */
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
