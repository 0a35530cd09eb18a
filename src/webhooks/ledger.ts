import { setTimeout as pause } from "node:timers/promises";
import { columns } from "../database/columns.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Position } from "../messages/log/logged-event.ts";
import type { Progress } from "./claimed-webhook.ts";

/** One delivery in the list of a webhook. */
export interface DeliveryRecord {
  webhookId: string;
  number: bigint;
  headerId: string;
  events: number;
  status: "DELIVERED" | "FAILED";
  responseCode: number | null;
  latencyMs: number;
  attempts: number;
  problem: string | null;
  firstAttemptedAt: Date;
  lastAttemptedAt: Date;
}

/** Whose progress the ledger stores. */
export interface Keeper {
  readonly id: string;
  readonly revision: number;
  readonly progress: Progress;
  /** The webhook was changed, or another worker has taken it over. */
  lose(): void;
}

/** The newest deliveries that are kept of each webhook. */
export const keptDeliveries = 1_000;

/** How many successes of a webhook are listed in one write, so that a busy one does not push out everything else. */
const successesInWrite = 10;

const progressColumns = columns({
  cursorTx: "bigint",
  cursorId: "bigint",
  batchTx: "bigint",
  batchId: "bigint",
  enabled: "boolean",
  failures: "int",
  failingSince: "timestamptz",
  retryAt: "timestamptz",
  problem: "text",
  lastDelivery: "bigint",
});

const deliveryColumns = columns({
  webhookId: "uuid",
  slot: "smallint",
  number: "bigint",
  headerId: "text",
  events: "smallint",
  status: "webhook_delivery_status",
  responseCode: "smallint",
  latencyMs: "int",
  attempts: "smallint",
  problem: "text",
  firstAttemptedAt: "timestamptz",
  lastAttemptedAt: "timestamptz",
});

// Only while the webhook is still this worker's and unchanged: a replay must not be undone by what was on its way.
const save: Statement = {
  name: "save_webhook_progress",
  text: `
    with saved as (
      update webhooks as w
      set ${progressColumns.assignedFrom("p")},
        disabled_at = case when p.enabled then null else now() end,
        worker = case when p.enabled then w.worker end
      from json_to_recordset($2) as p (id uuid, revision int, ${progressColumns.record})
      where w.id = p.id and w.worker = $1 and w.revision = p.revision
      returning w.id
    ), listed as (
      insert into webhook_deliveries as d (${deliveryColumns.names})
      select ${deliveryColumns.selected}
      from json_to_recordset($3) as n (${deliveryColumns.record})
      where "webhookId" in (select id from saved)
      on conflict (webhook_id, slot) do update
      set ${deliveryColumns.names.replaceAll(/\w+/g, (name) => `${name} = excluded.${name}`)}
    )
    select id from saved`,
};

/** How long progress may be unsaved, and so what a killed worker's successor repeats. */
const writeEveryMs = 100;
const retryMs = 500;

/** Writes the progress of all webhooks of a worker together. */
export class Ledger {
  readonly #database: Database;
  readonly #worker: string;
  readonly #onError: (error: Error) => void;
  #dirty = new Set<Keeper>();
  #deliveries = new Map<string, DeliveryRecord>();
  #successes = new Map<string, number>();
  #waiting: PromiseWithResolvers<void> | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #closed = false;

  constructor(database: Database, worker: string, onError: (error: Error) => void) {
    this.#database = database;
    this.#worker = worker;
    this.#onError = onError;
  }

  /** The progress has changed and will be stored soon. */
  note(keeper: Keeper): void {
    this.#dirty.add(keeper);
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, writeEveryMs);
  }

  /** Lists a delivery. False when there are too many successes to list this one. */
  list(record: DeliveryRecord): boolean {
    const { webhookId, attempts, status } = record;
    if (status === "DELIVERED" && attempts === 1) {
      const listed = this.#successes.get(webhookId) ?? 0;
      if (listed === successesInWrite) return false;
      this.#successes.set(webhookId, listed + 1);
    }
    // One for each slot: a statement cannot write a row twice.
    this.#deliveries.set(`${webhookId} ${slotOf(record)}`, record);
    return true;
  }

  /** Resolves once the progress of the keeper, as it is now, is stored or lost. */
  async store(keeper: Keeper): Promise<void> {
    this.#dirty.add(keeper);
    const { promise } = this.#wait();
    void this.#write();
    await promise;
  }

  /** Stores what there is, and nothing afterwards. Gives up when the database cannot be reached: then it is repeated. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    if (this.#dirty.size > 0) await this.#save().catch(this.#onError);
  }

  async #write(): Promise<void> {
    this.#writing ??= this.#writeAll();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Let everyone in who has something to store now.
    await pause(0);
    do {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      try {
        await this.#save();
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) this.#onError(error as Error);
        this.#failing = true;
        await pause(retryMs);
      }
    } while (this.#isMore && !this.#closed);
    // No other code runs in between: what comes from now on starts a writing of its own.
    this.#writing = undefined;
  }

  /** What has changed since the last write began waits for its timer, unless that has fired meanwhile. */
  get #isMore(): boolean {
    return this.#failing || this.#waiting !== undefined || (this.#dirty.size > 0 && !this.#timer);
  }

  #wait(): PromiseWithResolvers<void> {
    return (this.#waiting ??= Promise.withResolvers());
  }

  async #save(): Promise<void> {
    const [keepers, deliveries, waiting] = [this.#dirty, this.#deliveries, this.#waiting];
    this.#dirty = new Set();
    this.#deliveries = new Map();
    this.#successes = new Map();
    this.#waiting = undefined;
    try {
      const values = [this.#worker, progressOf(keepers), JSON.stringify([...deliveries.values()].map(toRow))];
      const saved = await this.#database.query<{ id: string }>(save, values);
      const ids = new Set(saved.map(({ id }) => id));
      for (const keeper of keepers) if (!ids.has(keeper.id)) keeper.lose();
      waiting?.resolve();
    } catch (error) {
      for (const keeper of keepers) this.#dirty.add(keeper);
      this.#deliveries = new Map([...deliveries, ...this.#deliveries]);
      if (waiting) void this.#wait().promise.then(waiting.resolve);
      throw error;
    }
  }
}

const progressOf = (keepers: Iterable<Keeper>): string =>
  JSON.stringify([...keepers].map(({ id, revision, progress }) => ({ id, revision, ...flat(progress) })));

const flat = ({ cursor, batch, lastDelivery, ...rest }: Progress) => ({
  ...rest,
  ...positionColumns("cursor", cursor),
  ...positionColumns("batch", batch),
  lastDelivery: String(lastDelivery),
});

const positionColumns = (name: string, position: Position | undefined) => ({
  [`${name}Tx`]: position && String(position.tx),
  [`${name}Id`]: position && String(position.id),
});

const toRow = (record: DeliveryRecord) => ({
  ...record,
  number: String(record.number),
  slot: slotOf(record),
});

const slotOf = ({ number }: DeliveryRecord): number => Number(number % BigInt(keptDeliveries));
