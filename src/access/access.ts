import type { Database, Statement } from "../database/database.ts";
import { DatabaseTime } from "../database/database-time.ts";
import type { Listener } from "../database/listener.ts";
import { UnauthenticatedError } from "../lib/errors.ts";
import { ApiKeys, type Viewer } from "./api-keys.ts";
import { WatchTokens, type WatchTarget } from "./watch-tokens.ts";

/** A trigger notifies this channel when keys are revoked, removed, or get another expiry. */
const apiKeyChannel = "smsgraph_api_keys";

/**
 * Changes this close together are checked in one statement. It also lets a key that revokes itself get its
 * answer.
 */
const collectMs = 50;
const retryMs = 250;
const maxPauseMs = 3_600_000;

/** A socket or stream that stays open for a viewer. */
interface Held {
  end: (error: UnauthenticatedError) => void;
  timer: NodeJS.Timeout | undefined;
}

interface AccessOptions {
  database: Database;
  /** 32 bytes. */
  secretKey: Uint8Array;
  onError: (error: Error) => void;
}

/**
 * Who may call. Every open socket and stream is registered here under its key. It is ended within a second
 * when the key is revoked, by whichever process, and when the key or its watch token expires.
 */
export class Access {
  readonly #database: Database;
  readonly #time = new DatabaseTime();
  readonly #onError: (error: Error) => void;
  readonly #keys: ApiKeys;
  readonly #tokens: WatchTokens;
  readonly #held = new Map<string, Set<Held>>();
  #check: { timer: NodeJS.Timeout; due: number } | undefined;
  #closed = false;

  constructor({ database, secretKey, onError }: AccessOptions) {
    this.#database = database;
    this.#onError = onError;
    this.#keys = new ApiKeys(database, this.#time);
    this.#tokens = new WatchTokens(secretKey);
  }

  async open(listener: Listener): Promise<void> {
    await listener.on(apiKeyChannel, () => {
      this.#keys.forget();
      this.#checkIn(collectMs);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#check?.timer);
    for (const { timer } of [...this.#held.values()].flatMap((group) => [...group])) clearTimeout(timer);
    this.#held.clear();
  }

  /** The viewer of an API key or watch token; undefined when it is unknown, revoked or expired. */
  async find(credential: string): Promise<Viewer | undefined> {
    return (await this.findWatcher(credential)) ?? this.#keys.find(credential);
  }

  /** The same, but for watch tokens only. */
  async findWatcher(token: string): Promise<Viewer | undefined> {
    const claims = this.#tokens.open(token);
    const viewer = claims && (await this.#keys.findById(claims.keyId));
    // Checked only now: reading the key may have brought a newer database time.
    if (!viewer || claims.expiresAt.getTime() <= this.#time.now()) return undefined;
    const { target: watches, expiresAt } = claims;
    // The holder of a token must not see the name of the key.
    return { ...viewer, keyName: "watch token", scopes: new Set(), watches, expiresAt };
  }

  /** Issues a token that allows only `target`. It expires with the viewer's key at the latest. */
  issueToken(
    { keyId, expiresAt: keyExpiresAt }: Viewer,
    target: WatchTarget,
    lifetimeSeconds: number,
  ): { token: string; expiresAt: Date } {
    const wanted = this.#time.now() + lifetimeSeconds * 1000;
    const expiresAt = new Date(Math.min(wanted, keyExpiresAt?.getTime() ?? wanted));
    return { token: this.#tokens.seal({ keyId, target, expiresAt }), expiresAt };
  }

  /** Calls `end` once, when the viewer loses access. Returns how to unregister. */
  hold({ keyId, expiresAt, watches, asOf }: Viewer, end: Held["end"]): () => void {
    const held: Held = { end, timer: undefined };
    const group = this.#held.get(keyId) ?? new Set();
    this.#held.set(keyId, group.add(held));
    const remainingMs = expiresAt && Math.max(0, expiresAt.getTime() - this.#time.now());
    // The expiry of a key can change, so it is looked up when the time comes. The expiry of a token cannot
    // change.
    if (remainingMs !== undefined && !watches) this.#checkIn(remainingMs);
    if (remainingMs !== undefined && watches) {
      held.timer = setTimeout(() => this.#end(keyId, [held], "The watch token has expired."), remainingMs);
    }
    // The key may have been revoked between reading it and registering here.
    if (asOf !== this.#keys.changes) this.#checkIn(collectMs);
    return () => this.#release(keyId, held);
  }

  #release(keyId: string, held: Held): void {
    clearTimeout(held.timer);
    const group = this.#held.get(keyId);
    group?.delete(held);
    if (group?.size === 0) this.#held.delete(keyId);
  }

  #checkIn(ms: number): void {
    const pauseMs = Math.min(ms, maxPauseMs);
    const due = performance.now() + pauseMs;
    if (this.#closed || (this.#check && this.#check.due <= due)) return;
    clearTimeout(this.#check?.timer);
    const timer = setTimeout(() => {
      this.#check = undefined;
      void this.#endTheRevoked();
    }, pauseMs);
    this.#check = { timer: timer.unref(), due };
  }

  async #endTheRevoked(): Promise<void> {
    // A copy: sockets registered while the statement runs are not covered by its result.
    const groups = [...this.#held].map(([keyId, group]) => [keyId, [...group]] as const);
    if (groups.length === 0) return;
    const ids = groups.map(([keyId]) => keyId);
    try {
      const rows = await this.#database.query<LiveKey>(findLiveKeys, [ids]);
      if (rows[0]) this.#time.note(rows[0].databaseMs);
      const now = this.#time.now();
      const live = new Map(rows.map(({ id, expiresAt }) => [id, expiresAt?.getTime() ?? Infinity]));
      for (const [keyId, group] of groups) {
        const remainingMs = (live.get(keyId) ?? now) - now;
        if (remainingMs <= 0) this.#end(keyId, group, "The API key was revoked, or has expired.");
        else if (remainingMs < Infinity) this.#checkIn(remainingMs);
      }
    } catch (error) {
      if (!this.#closed) this.#onError(error as Error);
      this.#checkIn(retryMs);
    }
  }

  #end(keyId: string, group: readonly Held[], reason: string): void {
    for (const held of group) {
      if (this.#held.get(keyId)?.has(held) !== true) continue;
      this.#release(keyId, held);
      held.end(new UnauthenticatedError(`${reason} Come back with another one.`));
    }
  }
}

interface LiveKey {
  id: string;
  expiresAt: Date | null;
  databaseMs: number;
}

const findLiveKeys: Statement = {
  name: "find_live_keys",
  text: `
    select id, expires_at as "expiresAt", extract(epoch from clock_timestamp())::float8 * 1000 as "databaseMs"
    from api_keys
    where id = any($1::uuid[]) and revoked_at is null`,
};
