import { Client, escapeIdentifier } from "pg";

/** The one connection of this process on which PostgreSQL tells us that something changed. */
export interface Listener {
  /** Calls `wake` after every NOTIFY on `channel`, and after each reconnection, since hints may have been lost. */
  on(channel: string, wake: () => void): Promise<void>;
  /** Holds an advisory lock for as long as this process lives; others see by it that we do. */
  hold(space: string, key: string): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** Called once for each outage, not for each attempt to end it. */
  onError: (error: Error) => void;
}

const firstPauseMs = 100;
const longestPauseMs = 2_000;

const holdStatement = "select pg_advisory_lock(hashtext($1), hashtext($2))";

/** Connects and stays connected: a lost connection is made anew, with its channels and locks. */
export async function openListener(url: string, options: ListenerOptions): Promise<Listener> {
  const { onError } = options;
  const channels = new Map<string, () => void>();
  const locks: [space: string, key: string][] = [];
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let client = await connect();

  async function connect(): Promise<Client> {
    // Short keepalives: should this machine vanish, the server notices within half a minute and frees our locks.
    const settings = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
    const next = new Client({ connectionString: url, options: settings, keepAlive: true });
    let broken: Error | undefined;
    next.on("notification", ({ channel }) => channels.get(channel)?.());
    next.on("error", (error) => (broken = error));
    await next.connect();
    next.on("end", () => {
      if (closed || next !== client) return;
      onError(broken ?? new Error("the connection for notifications ended"));
      reconnectLater(firstPauseMs);
    });
    for (const [space, key] of locks) await next.query(holdStatement, [space, key]);
    for (const channel of channels.keys()) await next.query(`listen ${escapeIdentifier(channel)}`);
    return next;
  }

  function reconnectLater(pauseMs: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      void reconnect(pauseMs);
    }, pauseMs);
  }

  async function reconnect(pauseMs: number): Promise<void> {
    try {
      client = await connect();
    } catch {
      return reconnectLater(Math.min(pauseMs * 2, longestPauseMs));
    }
    for (const wake of channels.values()) wake();
  }

  return {
    async on(channel, wake) {
      channels.set(channel, wake);
      await client.query(`listen ${escapeIdentifier(channel)}`);
    },
    async hold(space, key) {
      locks.push([space, key]);
      await client.query(holdStatement, [space, key]);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await client.end();
    },
  };
}
