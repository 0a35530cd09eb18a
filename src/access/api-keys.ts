import { createHash, randomBytes, randomUUIDv7 } from "node:crypto";
import type { Database, Statement } from "../database/database.ts";
import type { DatabaseTime } from "../database/database-time.ts";
import type { WatchTarget } from "./watch-tokens.ts";

/** What a key may do. The scopes are independent of each other. */
export const scopes = ["READ", "SEND", "ADMIN"] as const;
export type Scope = (typeof scopes)[number];

/** Who is calling. */
export interface Viewer {
  accountId: string;
  accountName: string;
  keyId: string;
  keyName: string;
  /** Empty for a watch token: it grants READ to single operations, after each was checked. */
  scopes: ReadonlySet<Scope>;
  /** When the key or watch token expires. */
  expiresAt: Date | undefined;
  /** The target of a watch token; undefined for a key. */
  watches: WatchTarget | undefined;
  /** How many key changes this process had seen when it read the key. */
  asOf: number;
}

/** Keys have 192 random bits, so a single unsalted hash is enough to protect them at rest. */
const hashKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(key).digest());

export const newKey = (): string => `sg_${randomBytes(24).toString("base64url")}`;

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
      const granted = new Set(scopes.filter((scope) => row.scopes.includes(scope)));
      const expiresAt = row.expiresAt ?? undefined;
      return { ...read, scopes: granted, expiresAt, watches: undefined, asOf };
    }
  }
}

interface ViewerRow {
  accountId: string;
  accountName: string;
  keyId: string;
  keyName: string;
  scopes: string[];
  expiresAt: Date | null;
  /** The database's time. */
  databaseMs: number;
}

/**
 * Also records the use, to the minute, in the same statement. It does not wait for a transaction that is
 * changing the key.
 */
const findViewerBy = (condition: string): string => `
    with viewer as (
      select a.id as "accountId", a.name as "accountName", k.id as "keyId", k.name as "keyName", k.scopes,
        k.expires_at as "expiresAt"
      from api_keys as k
      join accounts as a on a.id = k.account_id
      where ${condition} and k.revoked_at is null
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

const findViewerById: Statement = { name: "find_viewer_by_id", text: findViewerBy("k.id = $1") };

/** Stores the hash of a key for an account, not the key itself. Does nothing when it is already stored. */
export async function storeKey(
  database: Database,
  key: string,
  {
    accountId,
    name,
    granted,
    expiresAt,
  }: { accountId: string; name: string; granted: readonly Scope[]; expiresAt?: Date | undefined },
): Promise<string> {
  const hash = hashKey(key);
  const { id } = await database.prisma.apiKey.upsert({
    where: { hash },
    create: {
      id: randomUUIDv7(),
      accountId,
      name,
      hash,
      scopes: [...granted],
      expiresAt: expiresAt ?? null,
    },
    update: { revokedAt: null },
  });
  return id;
}
