import { systemClock, type Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Provider } from "../database/generated/client.ts";
import type { Listener } from "../database/listener.ts";
import {
  isProviderKind,
  registry,
  type HttpLimits,
  type OpenProvider,
  type RegisteredProvider,
} from "../providers/registry.ts";
import { parseAddressRange, type AddressRange } from "../lib/address-ranges.ts";
import type { CallbackSecrets } from "./callback-secrets.ts";
import { connectionChannel } from "./channel.ts";
import { KnownIds } from "./known-ids.ts";
import type { SecretBox } from "./secret-box.ts";
import { createSharedState } from "./shared-state.ts";
import { Shares } from "../lib/shares.ts";
import { createSlots } from "../lanes/query-slots.ts";

/** A provider row with its adapter and open HTTP connections. */
export interface Connection extends OpenProvider {
  row: Provider;
  adapter: RegisteredProvider;
  callbackSecrets: CallbackSecrets;
  /** Where its callbacks may come from; empty for everywhere. */
  callbackRanges: readonly AddressRange[];
}

/** The encrypted part of a connection. */
interface ConnectionSecrets extends CallbackSecrets {
  credentials: Record<string, string>;
}

/** HTTP connections to one provider, and so its requests in progress, in this process. */
const defaultConcurrent = 50;

/** Bytes of providers' answers that are being read in this process. */
const maxAnswerBytes = 256 * 1024 ** 2;

/** Grace period before a replaced connection is closed, since callers may still be using it. */
const retirementMs = 5 * 60_000;

const announceChange: Statement = {
  name: "announce_connection_change",
  text: `select pg_notify('${connectionChannel}', $1)`,
};

/**
 * The connections to the providers of all accounts, opened on first use and cached until their row changes.
 * Changes are announced to every process at once.
 */
export class Connections {
  readonly #database: Database;
  readonly #knownIds: KnownIds;
  readonly #box: SecretBox;
  readonly #publicUrl: () => string;
  readonly #limits: HttpLimits;
  readonly #clock: Clock;
  readonly #open = new Map<string, Promise<Connection | undefined>>();
  /** Those of them that have been read. */
  readonly #ready = new Map<string, Connection>();
  readonly #retired = new Set<Promise<Connection | undefined>>();
  readonly #reactions = new Set<() => void>();
  readonly #answers = new Shares(maxAnswerBytes, { ofOne: 1 / 4 });
  #isStopping = false;

  constructor(
    database: Database,
    box: SecretBox,
    publicUrl: () => string,
    limits: HttpLimits = {},
    clock: Clock = systemClock,
  ) {
    this.#database = database;
    this.#knownIds = new KnownIds(database);
    this.#box = box;
    this.#publicUrl = publicUrl;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * @throws Error that says what to do when the stored secrets were encrypted with another key
   */
  async checkKey(): Promise<void> {
    const row = await this.#database.prisma.provider.findFirst({ orderBy: { id: "desc" } });
    try {
      if (row) this.openSecrets(row);
    } catch {
      throw new Error(
        "SECRET_KEY is not the key that the provider credentials in this database were encrypted with. Set it to " +
          "the earlier one; without SECRET_KEY the file secret-key in DATA_DIR counts.",
      );
    }
  }

  async watch(listener: Listener): Promise<void> {
    await listener.on(connectionChannel, (id) => {
      // After a reconnection nobody knows what was missed.
      if (id === undefined) this.#retireAll();
      else this.#retire(id);
      this.#tell();
    });
  }

  /** Calls `react` when a connection may have changed, in any process. */
  onChange(react: () => void): void {
    this.#reactions.add(react);
  }

  /**
   * Makes every process reload a changed row; this process has dropped the old one when the promise resolves.
   */
  async changed(id: string): Promise<void> {
    this.#retire(id);
    this.#tell();
    await this.#database.query(announceChange, [id]);
  }

  /**
   * Undefined when there is no such connection. Disconnected ones are still returned, since their late
   * receipts count.
   */
  get(id: string): Promise<Connection | undefined> {
    const known = this.#open.get(id);
    if (known) return known;
    const opening = this.#load(id);
    this.#open.set(id, opening);
    const forget = (): void => void (this.#open.get(id) === opening && this.#open.delete(id));
    const keep = (connection: Connection | undefined): void => {
      if (!connection) forget();
      else if (this.#open.get(id) === opening) this.#ready.set(id, connection);
    };
    opening.then(keep, forget);
    return opening;
  }

  /** Like `get`, for an id that anybody may have made up. */
  async find(id: string): Promise<Connection | undefined> {
    return this.#ready.get(id) ?? ((await this.#knownIds.has(id)) ? this.get(id) : undefined);
  }

  /** Like `get`, but only from the cache: for callers that hold a connection to the database. */
  opened(id: string): Connection | undefined {
    return this.#ready.get(id);
  }

  /** The URL to which the provider must post its receipts. */
  callbackUrl({ row, callbackSecrets: { callbackSecret } }: Connection): string {
    return `${this.#publicUrl()}/callbacks/${row.id}/${callbackSecret}`;
  }

  openSecrets(row: Pick<Provider, "id" | "secrets">): ConnectionSecrets {
    return this.#box.open(row.secrets, row.id) as ConnectionSecrets;
  }

  sealSecrets(id: string, secrets: ConnectionSecrets): Uint8Array<ArrayBuffer> {
    return this.#box.seal(secrets, id);
  }

  /** Stops long reads from all providers: this process is ending. A connection that was replaced stops its own. */
  stopReading(): void {
    this.#isStopping = true;
  }

  /** Waits for the requests in progress. */
  async close(): Promise<void> {
    this.#retireAll();
    await Promise.all([...this.#retired].map((connection) => this.#close(connection)));
  }

  async #load(id: string): Promise<Connection | undefined> {
    const row = await this.#database.prisma.provider.findUnique({ where: { id } });
    if (!row || !isProviderKind(row.kind)) return undefined;
    const adapter = registry[row.kind];
    const { credentials, ...callbackSecrets } = this.openSecrets(row);
    const settings = { ...(row.settings as object), ...credentials };
    const answers = { accountId: row.accountId, bytes: this.#answers };
    const limits = { ...this.#limits, answers, maxConcurrent: row.maxConcurrent ?? defaultConcurrent };
    const isStopping = (): boolean => this.#isStopping || this.#ready.get(id) !== connection;
    const acquireSlot = createSlots({ database: this.#database, clock: this.#clock, isStopping }, row);
    const connection: Connection = {
      row,
      adapter,
      callbackSecrets,
      callbackRanges: row.callbackAddresses.map(parseAddressRange).filter((range) => range !== undefined),
      ...adapter.open(settings, createSharedState(this.#database, this.#box, row.id), limits, acquireSlot),
    };
    return connection;
  }

  #tell(): void {
    for (const react of this.#reactions) react();
  }

  #retireAll(): void {
    for (const id of this.#open.keys()) this.#retire(id);
  }

  /** Closes the old connection after a grace period, since callers may still be using it. */
  #retire(id: string): void {
    const connection = this.#open.get(id);
    if (!connection) return;
    this.#open.delete(id);
    this.#ready.delete(id);
    this.#retired.add(connection);
    setTimeout(() => void this.#close(connection), retirementMs).unref();
  }

  async #close(connection: Promise<Connection | undefined>): Promise<void> {
    this.#retired.delete(connection);
    await connection.then((opened) => opened?.close()).catch(() => undefined);
  }
}
