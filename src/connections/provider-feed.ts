import { Batcher } from "../lib/batcher.ts";
import { WakeUps } from "../lib/wake-ups.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Provider } from "../database/generated/client.ts";
import type { Listener } from "../database/listener.ts";
import { patient } from "../database/read-through-outage.ts";
import { balanceChannel } from "./balance-feed.ts";
import { connectionChannel } from "./channel.ts";
import { providerChannel } from "../lanes/provider-channel.ts";

/** The parts of a provider's state whose change is announced to watchers. */
interface ProviderState {
  id: string;
  accountId: string;
  /** Connected, or disconnected while it is being watched. */
  connected: boolean;
  fingerprint: string;
}

/** @param isQueued SQL: which messages are counted as waiting for the provider */
const readStates = (isQueued: string): Statement => ({
  name: "read_provider_states",
  text: `
    select p.id, p.account_id as "accountId", p.disconnected_at is null as connected,
      concat_ws(' ', extract(epoch from p.updated_at), p.disconnected_at is null, l.breaker,
        extract(epoch from l.open_until), extract(epoch from p.last_error_at), p.last_error, b.id, q.depth
      ) as fingerprint
    from providers as p
    left join lanes as l on l.provider_id = p.id
    left join lateral (
      select id from balances where provider_id = p.id order by fetched_at desc, id desc limit 1
    ) as b on true
    left join lateral (
      select count(*) as depth from messages
      where provider_id = p.id and ${isQueued}
    ) as q on true
    where p.account_id = any ($1::uuid[])
    order by p.priority, p.id`,
});

/** Notifications about messages come by the thousand, and any of them may have changed a queue's length. */
const queuePauseMs = 1_000;
const maxBatchSize = 500;

interface ProviderFilter {
  accountId: string;
  providerId: string | undefined;
}

/** Streams the current state of accounts' providers. One statement reads for all watchers in this process. */
export class ProviderFeed {
  readonly #database: Database;
  readonly #readStates: Statement;
  /** All watchers of a provider get the same object. */
  readonly #rows: Batcher<string, Provider | undefined>;
  readonly #watchers = new Set<{ accountId: string }>();
  readonly #wakeUps = new WakeUps();
  #states: readonly ProviderState[] = [];
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #readAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param isQueued SQL on `messages`: which of them wait for their provider */
  constructor(database: Database, isQueued: string) {
    this.#database = patient(database);
    this.#readStates = readStates(isQueued);
    this.#rows = new Batcher((ids) => readRows(this.#database, ids), maxBatchSize);
  }

  /**
   * @param onMessages calls back whenever messages have changed
   */
  async open(listener: Listener, onMessages: (wake: () => void) => void): Promise<void> {
    for (const channel of [connectionChannel, providerChannel, balanceChannel]) {
      await listener.on(channel, () => this.#refresh());
    }
    onMessages(() => this.#refreshSoon());
  }

  /** Yields the current state of each provider at once, then each one that changes. */
  async *watch(filter: ProviderFilter, signal: AbortSignal): AsyncGenerator<Provider> {
    const { accountId, providerId } = filter;
    const seen = new Map<string, string>();
    const watcher = { accountId };
    // A consumer that stops while it handles a provider never returns here, so unregister on abort as well.
    signal.addEventListener("abort", () => this.#watchers.delete(watcher));
    if (signal.aborted) return;
    this.#watchers.add(watcher);
    try {
      await this.#read();
      for (let isFirst = true; !signal.aborted; isFirst = false) {
        // Register before reading, so that a change during the read wakes us again.
        const hint = this.#wakeUps.next(undefined, signal);
        const wanted = this.#states.filter(
          (state) => state.accountId === accountId && (providerId === undefined || state.id === providerId),
        );
        for (const { id, connected, fingerprint } of wanted) {
          const isNews = seen.get(id) !== fingerprint && (connected || !isFirst || providerId !== undefined);
          seen.set(id, fingerprint);
          const row = isNews ? await this.#rows.add(id) : undefined;
          if (row) yield row;
        }
        await hint;
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  #refreshSoon(): void {
    if (this.#timer !== undefined || this.#watchers.size === 0) return;
    const delayMs = Math.max(0, this.#readAt + queuePauseMs - performance.now());
    this.#timer = setTimeout(() => this.#refresh(), delayMs).unref();
  }

  #refresh(): void {
    // The database may be away: try again later.
    if (this.#watchers.size > 0) this.#read().catch(() => this.#refreshSoon());
  }

  /** When this resolves, the states include everything committed before the call. */
  async #read(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    do {
      this.#readAgain = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#readAt = performance.now();
      const accounts = [...new Set([...this.#watchers].map(({ accountId }) => accountId))];
      this.#states = await this.#database.query<ProviderState>(this.#readStates, [accounts]);
    } while (this.#readAgain);
    this.#wakeUps.wakeAll();
  }
}

async function readRows({ prisma }: Database, ids: readonly string[]): Promise<(Provider | undefined)[]> {
  const rows = await prisma.provider.findMany({ where: { id: { in: [...new Set(ids)] } } });
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => rowOf.get(id));
}
