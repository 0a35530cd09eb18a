import { Client, escapeIdentifier } from "pg";
import { reachOf } from "./hosts.ts";

/** The one connection of this process that receives PostgreSQL's notifications. */
export interface Listener {
  /**
   * Calls `wake` with the payload after every NOTIFY on `channel`, and without one after each reconnection,
   * because notifications may have been lost. Returns how to stop that.
   */
  on(channel: string, wake: (payload?: string) => void): Promise<() => Promise<void>>;
  /** Calls `react` after each reconnection. Returns how to stop that. */
  onReconnection(react: () => void): () => void;
  /**
   * Holds an advisory lock, through reconnections too. It shows other processes that this one is alive.
   * Returns how to release it.
   */
  hold(space: string, key: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

interface ListenerOptions {
  /** Called once for each outage, not for each attempt to reconnect. */
  onError: (error: Error) => void;
}

const connectMs = 10_000;
const firstPauseMs = 100;
const maxPauseMs = 2_000;

// Shared, so that we never wait for an old connection of ours that the server has not dropped yet.
const holdStatement = "select pg_advisory_lock_shared(hashtext($1), hashtext($2))";
const releaseStatement = "select pg_advisory_unlock_shared(hashtext($1), hashtext($2))";

interface Lock {
  space: string;
  key: string;
}

/** Connects and stays connected. A lost connection is replaced, with its channels and locks. */
export async function openListener(url: string, options: ListenerOptions): Promise<Listener> {
  const { onError } = options;
  const channels = new Map<string, Set<(payload?: string) => void>>();
  const reactions = new Set<() => void>();
  const locks = new Set<Lock>();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let client: Client | undefined;
  await connect();

  async function connect(): Promise<void> {
    // Short keepalives: if this machine vanishes, the server notices within half a minute and frees our
    // locks.
    const settings = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
    const next = new Client({
      ...reachOf(url),
      options: settings,
      keepAlive: true,
      connectionTimeoutMillis: connectMs,
    });
    let broken: Error | undefined;
    next.on("notification", ({ channel, payload }) => {
      for (const wake of channels.get(channel) ?? []) wake(payload);
    });
    next.on("error", (error) => (broken = error));
    next.on("end", () => {
      if (closed || next !== client) return;
      onError(broken ?? new Error("the connection for notifications ended"));
      reconnectLater(firstPauseMs);
    });
    try {
      await next.connect();
      for (const channel of channels.keys()) await next.query(`listen ${escapeIdentifier(channel)}`);
      await adopt(next);
    } catch (error) {
      await next.end().catch(() => undefined);
      throw error;
    }
  }

  /** Uses the connection once it holds exactly the wanted locks. They can change while this runs. */
  async function adopt(next: Client): Promise<void> {
    const held = new Set<Lock>();
    for (;;) {
      const [lock] = locks.symmetricDifference(held);
      if (!lock) return void (client = next);
      const isWanted = locks.has(lock);
      await next.query(isWanted ? holdStatement : releaseStatement, [lock.space, lock.key]);
      if (isWanted) held.add(lock);
      else held.delete(lock);
    }
  }

  function reconnectLater(pauseMs: number): void {
    if (!closed) timer = setTimeout(() => void reconnect(pauseMs), pauseMs);
  }

  async function reconnect(pauseMs: number): Promise<void> {
    try {
      await connect();
      if (closed) return await client?.end();
    } catch {
      return reconnectLater(Math.min(pauseMs * 2, maxPauseMs));
    }
    for (const wakes of channels.values()) for (const wake of wakes) wake();
    for (const react of reactions) react();
  }

  return {
    async on(channel, wake) {
      channels.set(channel, (channels.get(channel) ?? new Set()).add(wake));
      await client?.query(`listen ${escapeIdentifier(channel)}`);
      return async () => {
        const wakes = channels.get(channel);
        wakes?.delete(wake);
        if (wakes?.size !== 0 || !channels.delete(channel)) return;
        await client?.query(`unlisten ${escapeIdentifier(channel)}`).catch(() => undefined);
      };
    },
    onReconnection(react) {
      reactions.add(react);
      return () => reactions.delete(react);
    },
    async hold(space, key) {
      const lock = { space, key };
      locks.add(lock);
      // Without a connection, the next one takes the lock.
      await client?.query(holdStatement, [space, key]).catch(() => undefined);
      return async () => {
        if (locks.delete(lock)) await client?.query(releaseStatement, [space, key]).catch(() => undefined);
      };
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end();
    },
  };
}
