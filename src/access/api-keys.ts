import { createHash, randomBytes, randomUUIDv7 } from "node:crypto";
import type { Database, Statement } from "../database/database.ts";

/** What a key may do. The scopes are independent of each other. */
export const scopes = ["READ", "SEND", "ADMIN"] as const;
export type Scope = (typeof scopes)[number];

/** Who is calling. */
export interface Viewer {
  accountId: string;
  accountName: string;
  keyId: string;
  keyName: string;
  scopes: ReadonlySet<Scope>;
}

/** Keys have 192 random bits, so one plain hash protects them at rest. */
export const hashKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(key).digest());

export const newKey = (): string => `sg_${randomBytes(24).toString("base64url")}`;

const cacheMs = 1000;
const cacheSize = 10_000;

/** Looks keys up, with a memory of a second, so that a busy client costs one statement a second. */
export class ApiKeys {
  readonly #database: Database;
  readonly #cache = new Map<string, { viewer: Promise<Viewer | undefined>; until: number }>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined when the key is unknown or revoked. */
  find(key: string): Promise<Viewer | undefined> {
    const cached = this.#cache.get(key);
    if (cached && cached.until > Date.now()) return cached.viewer;
    if (this.#cache.size >= cacheSize) this.#cache.clear();
    const viewer = this.#load(key);
    this.#cache.set(key, { viewer, until: Date.now() + cacheMs });
    viewer.catch(() => this.#cache.delete(key));
    return viewer;
  }

  async #load(key: string): Promise<Viewer | undefined> {
    const [row] = await this.#database.query<ViewerRow>(findViewer, [hashKey(key)]);
    return row && { ...row, scopes: new Set(scopes.filter((scope) => row.scopes.includes(scope))) };
  }
}

type ViewerRow = Omit<Viewer, "scopes"> & { scopes: string[] };

const findViewer: Statement = {
  name: "find_viewer",
  text: `
    select a.id as "accountId", a.name as "accountName", k.id as "keyId", k.name as "keyName", k.scopes
    from api_keys as k
    join accounts as a on a.id = k.account_id
    where k.hash = $1 and k.revoked_at is null`,
};

/** Stores a key for an account; the key itself is not kept. Does nothing when it is stored already. */
export async function storeKey(
  database: Database,
  key: string,
  { accountId, name, granted }: { accountId: string; name: string; granted: readonly Scope[] },
): Promise<void> {
  const hash = hashKey(key);
  await database.prisma.apiKey.upsert({
    where: { hash },
    create: { id: randomUUIDv7(), accountId, name, hash, scopes: [...granted] },
    update: { revokedAt: null },
  });
}
