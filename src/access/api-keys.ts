import { createHash, randomBytes } from "node:crypto";
import type { Database, Statement } from "../database/database.ts";
import type { DatabaseTime } from "../database/database-time.ts";
import { parseAddressRange, type AddressRange } from "../lib/address-ranges.ts";
import { readRestrictions, type SendRestrictions } from "../lib/send-restrictions.ts";
import { readLimits, type RateLimits } from "./rate-limits.ts";
import { withIncluded, type Right } from "./scopes.ts";
import type { WatchTarget } from "./watch-tokens.ts";

/** Who is calling. */
export interface Viewer {
  accountId: string;
  accountName: string;
  keyId: string;
  keyName: string;
  /** How the key begins; null for one that was made before beginnings were stored. */
  keyPrefix: string | null;
  /** The ranges that the key may be used from; undefined for all. */
  allowedAddresses: readonly AddressRange[] | undefined;
  /** The stored watch token; undefined for a key. */
  tokenId: string | undefined;
  /** Where the request came from; undefined when that is not known. */
  address: string | undefined;
  /** Empty for a watch token: it grants READ to single operations, after each was checked. */
  scopes: ReadonlySet<Right>;
  /** When the key or watch token expires. */
  expiresAt: Date | undefined;
  /** The target of a watch token; undefined for a key. */
  watches: WatchTarget | undefined;
  /** How many key changes this process had seen when it read the key. */
  asOf: number;
  /** Rate limits of the key itself, below those of everyone. */
  limits?: RateLimits | undefined;
  /** Rate limits that the operator gave the account, instead of those of everyone. */
  accountLimits?: RateLimits | undefined;
  /** What it may send through, as and to; undefined for everything. */
  restrictions?: SendRestrictions | undefined;
  /** How many messages of the account are kept, at the last count. */
  storedMessages?: number | undefined;
  /** Where the served APIs post receipts of messages that name no address of their own. */
  callbackUrl?: string | null;
  /** Whether the served Telekom API takes its requests by GET. */
  allowsGet?: boolean;
}

/** Keys have 192 random bits, so a single unsalted hash is enough to protect them at rest. */
export const hashKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(key).digest());

export const newKey = (): string => `sg_${randomBytes(24).toString("base64url")}`;

/** How a key begins: enough to recognise it, and 156 random bits are left. Null for one that we did not make. */
export const prefixOf = (key: string): string | null => /^(sg_[\w-]{6})[\w-]{26}$/.exec(key)?.[1] ?? null;

const readRanges = (stored: readonly string[]): readonly AddressRange[] | undefined =>
  stored.length === 0 ? undefined : stored.map(parseAddressRange).filter((range) => range !== undefined);

const cacheMs = 1000;
const cacheSize = 10_000;

/**
 * Looks keys up, with a cache of one second: a busy client costs one statement a second. The cache is cleared
 * as soon as any key is revoked.
 */
export class ApiKeys {
  readonly #database: Database;
  readonly #time: DatabaseTime;
  readonly #cache = new Map<string, { viewer: Promise<Viewer | undefined>; until: number }>();
  #changes = 0;

  constructor(database: Database, time: DatabaseTime) {
    this.#database = database;
    this.#time = time;
  }

  /** How many key changes this process has seen. */
  get changes(): number {
    return this.#changes;
  }

  /** Undefined when the key is unknown, revoked or expired. */
  find(key: string): Promise<Viewer | undefined> {
    return this.#cached(`key ${key}`, findViewer, () => hashKey(key));
  }

  /** The same, by the id of the key. */
  findById(id: string): Promise<Viewer | undefined> {
    return this.#cached(`id ${id}`, findViewerById, () => id);
  }

  /** The key of a stored watch token; undefined when the token is revoked. */
  findByToken(tokenId: string): Promise<Viewer | undefined> {
    return this.#cached(`token ${tokenId}`, findViewerByToken, () => tokenId);
  }

  /** A key has changed: nothing read before may be used any longer. */
  forget(): void {
    this.#changes += 1;
    this.#cache.clear();
  }

  async #cached(name: string, statement: Statement, value: () => unknown): Promise<Viewer | undefined> {
    const cached = this.#cache.get(name);
    const viewer = await (cached && cached.until > performance.now()
      ? cached.viewer
      : this.#remember(name, this.#load(statement, value())));
    if (viewer?.expiresAt && viewer.expiresAt.getTime() <= this.#time.now()) return undefined;
    return viewer;
  }

  #remember(name: string, viewer: Promise<Viewer | undefined>): Promise<Viewer | undefined> {
    if (this.#cache.size >= cacheSize) this.#cache.clear();
    this.#cache.set(name, { viewer, until: performance.now() + cacheMs });
    viewer.catch(() => this.#cache.delete(name));
    return viewer;
  }

  async #load(statement: Statement, value: unknown): Promise<Viewer | undefined> {
    for (;;) {
      const asOf = this.#changes;
      const [row] = await this.#database.query<ViewerRow>(statement, [value]);
      // A key changed meanwhile, and this row may be older than the change: read again.
      if (asOf !== this.#changes) continue;
      if (!row) return undefined;
      const { databaseMs, ...read } = row;
      this.#time.note(databaseMs);
      const granted = withIncluded(row.scopes);
      const expiresAt = row.expiresAt ?? undefined;
      return {
        ...read,
        scopes: granted,
        expiresAt,
        watches: undefined,
        allowedAddresses: readRanges(row.allowedAddresses),
        tokenId: undefined,
        address: undefined,
        asOf,
        limits: readLimits(row.limits),
        restrictions: readRestrictions(row.restrictions),
        accountLimits: readLimits(row.accountLimits),
        storedMessages: Number(row.storedMessages ?? 0),
      };
    }
  }
}

interface ViewerRow {
  accountId: string;
  accountName: string;
  keyId: string;
  keyName: string;
  keyPrefix: string | null;
  scopes: string[];
  allowedAddresses: string[];
  expiresAt: Date | null;
  limits: unknown;
  restrictions: unknown;
  accountLimits: unknown;
  storedMessages: string | null;
  callbackUrl: string | null;
  allowsGet: boolean;
  /** The database's time. */
  databaseMs: number;
}

/**
 * Also records the use, to the minute, in the same statement. It does not wait for a transaction that is
 * changing the key.
 */
const findViewerBy = (condition: string): string => `
    with viewer as (
      select a.id as "accountId", a.name as "accountName", k.id as "keyId", k.name as "keyName", k.prefix as "keyPrefix",
        k.scopes, k.allowed_addresses as "allowedAddresses", k.expires_at as "expiresAt", k.limits, k.restrictions, a.limits as "accountLimits",
        a.stored_messages as "storedMessages", k.callback_url as "callbackUrl", k.allows_get as "allowsGet"
      from api_keys as k
      join accounts as a on a.id = k.account_id
      where ${condition} and k.revoked_at is null and a.suspended_at is null
    ), used as (
      select id from api_keys
      where id = (select "keyId" from viewer)
        and (last_used_at is null or last_used_at < now() - interval '1 minute')
      for no key update skip locked
    ), noted as (
      update api_keys set last_used_at = now() where id in (select id from used)
    )
    select *, extract(epoch from clock_timestamp())::float8 * 1000 as "databaseMs" from viewer`;

const findViewer: Statement = { name: "find_viewer", text: findViewerBy("k.hash = $1") };

const findViewerByToken: Statement = {
  name: "find_viewer_by_token",
  text: findViewerBy("k.id = (select key_id from watch_tokens where id = $1 and revoked_at is null)"),
};

const findViewerById: Statement = { name: "find_viewer_by_id", text: findViewerBy("k.id = $1") };
