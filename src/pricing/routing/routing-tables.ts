import { routingChannel } from "../spending/limits.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Connections } from "../../connections/connections.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import { limitsOf, type LimitColumns } from "../spending/limit-columns.ts";
import type { RoutingPolicy } from "./policies.ts";
import type { RateBooks } from "../rates/rate-book.ts";
import {
  settingsChannel,
  settingsColumns,
  settingsOf,
  type SettingsColumns,
} from "../../sending-settings/store.ts";
import { standingOf, type ProviderState } from "../../lanes/standing.ts";
import type { RoutingTable } from "./routing-table.ts";

/** Changes of breakers and balances are not announced, so a table is kept only this long. */
const freshMs = 1_000;

interface TableRow extends ProviderState, LimitColumns, SettingsColumns {
  policies: RoutingPolicy[] | null;
  /** Null in the only row of an account without a provider. */
  id: string | null;
  name: string;
  enabled: boolean;
}

const read: Statement = {
  name: "read_routing_table",
  text: `
    select r.policies, s.allowed_countries as "allowedCountries", s.allows_all_countries as "allowsAllCountries",
      s.caps, s.allow_uncounted as "allowUncounted", ${settingsColumns("o")}, p.id, p.name, p.enabled, l.breaker,
      l.open_until as "openUntil", l.open_seconds as "openSeconds", l.closed_at as "closedAt",
      l.no_credit_since as "noCreditSince", l.credit_probe_at as "creditProbeAt",
      b.amount::text, b.units::text, b.credit_limit::text as "creditLimit"
    from accounts as a
    left join routing_policies as r on r.account_id = a.id
    left join spending_limits as s on s.account_id = a.id
    left join sending_settings as o on o.account_id = a.id
    left join providers as p on p.account_id = a.id and p.disconnected_at is null
    left join lanes as l on l.provider_id = p.id
    left join lateral (
      select amount, units, credit_limit from balances
      where provider_id = p.id
      order by fetched_at desc, id desc
      limit 1
    ) as b on true
    where a.id = $1
    order by p.priority, p.id`,
};

interface RoutingTablesOptions {
  database: Database;
  connections: Connections;
  rateBooks: RateBooks;
  clock: Clock;
  maxSegments: number;
}

interface KeptTable {
  readAt: number;
  table: Promise<RoutingTable>;
  /** When the next rate begins or ends; set once the table is read. */
  ratesUntil: number;
}

/**
 * The routing tables of all accounts, each read in one statement and kept for a second or until something
 * changes.
 */
export class RoutingTables {
  /** Maximum segments of one message, in every table. */
  readonly maxSegments: number;
  readonly #options: RoutingTablesOptions;
  readonly #kept = new Map<string, KeptTable>();

  constructor(options: RoutingTablesOptions) {
    this.#options = options;
    this.maxSegments = options.maxSegments;
    options.connections.onChange(() => this.#kept.clear());
  }

  async watch(listener: Listener): Promise<void> {
    for (const channel of [routingChannel, settingsChannel])
      await listener.on(channel, () => this.#kept.clear());
  }

  /** Call after a change: this process then reads the table again without waiting for the notification. */
  changed(accountId: string): void {
    this.#kept.delete(accountId);
  }

  /** `staleMs`: the maximum age. Rates are always the newest known to this process. */
  async of(accountId: string, staleMs = freshMs): Promise<RoutingTable> {
    const known = this.#kept.get(accountId);
    const isFresh = known !== undefined && performance.now() - known.readAt <= staleMs;
    const kept = isFresh ? known : this.#readAnew(accountId);
    const table = await kept.table;
    const book = await this.#options.rateBooks.of(accountId);
    const holds = book === table.book && this.#options.clock.now().getTime() < kept.ratesUntil;
    return holds ? table : this.#readAnew(accountId).table;
  }

  #readAnew(accountId: string): KeptTable {
    const kept: KeptTable = { readAt: performance.now(), table: this.#read(accountId), ratesUntil: Infinity };
    this.#kept.set(accountId, kept);
    kept.table.then(
      ({ book, now }) => void (kept.ratesUntil = book.nextChangeAfter(now)),
      () => void (this.#kept.get(accountId) === kept && this.#kept.delete(accountId)),
    );
    return kept;
  }

  async #read(accountId: string): Promise<RoutingTable> {
    const { database, connections, rateBooks, clock } = this.#options;
    const rows = await database.query<TableRow>(read, [accountId]);
    const now = clock.now();
    const providers = rows.flatMap((row) => (row.id === null ? [] : [{ ...row, id: row.id }]));
    const enabled = providers.filter((row) => row.enabled);
    const opened = await Promise.all(enabled.map(({ id }) => connections.get(id)));
    return {
      connections: opened.filter((connection) => connection !== undefined),
      disabled: providers.filter((row) => !row.enabled).map(({ id, name }) => ({ id, name })),
      standings: new Map(enabled.map((row) => [row.id, standingOf(row, now)])),
      policies: rows[0]?.policies ?? [],
      book: await rateBooks.of(accountId),
      limits: limitsOf(rows[0]),
      settings: settingsOf(rows[0]),
      maxSegments: this.maxSegments,
      now,
    };
  }
}
