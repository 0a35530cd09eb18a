import { isDeepStrictEqual } from "node:util";
import type { Database, Statement } from "../database/database.ts";
import { DatabaseTime } from "../database/database-time.ts";
import type { Listener } from "../database/listener.ts";
import { isInRanges } from "../lib/address-ranges.ts";
import { readRestrictions, type SendRestrictions } from "../lib/send-restrictions.ts";
import { AddressNotAllowedError, UnauthenticatedError } from "../lib/errors.ts";
import { ApiKeys, type Viewer } from "./api-keys.ts";
import { OperatorKey } from "./operator-key.ts";
import { findRevoked, storeToken } from "./stored-tokens.ts";
import { WatchTokens, type WatchTarget } from "./watch-tokens.ts";

/** A trigger notifies this channel when keys are revoked, removed, get another expiry or other restrictions, or their account is suspended. */
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
  tokenId: string | undefined;
  /** What the key might send, as it was then. */
  restrictions: SendRestrictions | undefined;
  end: (error: UnauthenticatedError) => void;
  timer: NodeJS.Timeout | undefined;
}

interface AccessOptions {
  database: Database;
  /** 32 bytes. */
  secretKey: Uint8Array;
  /** Watch tokens that they signed are read as well. */
  otherSecretKeys?: readonly Uint8Array[] | undefined;
  /** Absent: nobody operates the installation through the API. */
  operatorKey?: string | undefined;
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
  readonly #operator: OperatorKey;
  readonly #held = new Map<string, Set<Held>>();
  #check: { timer: NodeJS.Timeout; due: number } | undefined;
  #closed = false;

  constructor({ database, secretKey, otherSecretKeys, operatorKey, onError }: AccessOptions) {
    this.#database = database;
    this.#onError = onError;
    this.#keys = new ApiKeys(database, this.#time);
    this.#tokens = new WatchTokens(secretKey, otherSecretKeys);
    this.#operator = new OperatorKey(operatorKey);
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

  /**
   * The viewer of an API key or watch token; undefined when it is unknown, revoked or expired.
   * @throws UnauthenticatedError when the key may not be used from this address
   */
  async find(credential: string, address?: string): Promise<Viewer | undefined> {
    const known = this.#operator.find(credential) ?? (await this.findWatcher(credential));
    if (known) return { ...known, address };
    const viewer = await this.#keys.find(credential);
    if (viewer) checkAddress(viewer, address);
    return viewer && { ...viewer, address };
  }

  /** The viewer of a key whose id is known, as that of a session is. @throws UnauthenticatedError */
  async findByKeyId(keyId: string, address?: string): Promise<Viewer | undefined> {
    const viewer = await this.#keys.findById(keyId);
    if (viewer) checkAddress(viewer, address);
    return viewer && { ...viewer, address };
  }

  /** The same, but for watch tokens only. */
  async findWatcher(token: string): Promise<Viewer | undefined> {
    const claims = this.#tokens.open(token);
    if (!claims) return undefined;
    const { tokenId, keyId } = claims;
    const viewer = await (tokenId === undefined
      ? this.#keys.findById(keyId)
      : this.#keys.findByToken(tokenId));
    // Checked only now: reading the key may have brought a newer database time.
    if (!viewer || claims.expiresAt.getTime() <= this.#time.now()) return undefined;
    const { target: watches, expiresAt } = claims;
    // The holder of a token must not see the name of the key.
    return {
      ...viewer,
      keyName: "watch token",
      keyPrefix: null,
      scopes: new Set(),
      watches,
      tokenId,
      expiresAt,
    };
  }

  /** Issues a token that allows only `target`. It expires with the viewer's key at the latest. */
  async issueToken(
    { accountId, keyId, expiresAt: keyExpiresAt }: Viewer,
    target: WatchTarget,
    lifetimeSeconds: number,
  ): Promise<{ id: string; token: string; expiresAt: Date }> {
    const wanted = this.#time.now() + lifetimeSeconds * 1000;
    const expiresAt = new Date(Math.min(wanted, keyExpiresAt?.getTime() ?? wanted));
    const tokenId = await storeToken(this.#database, { accountId, keyId, target, expiresAt });
    return { id: tokenId, token: this.#tokens.seal({ tokenId, keyId, target, expiresAt }), expiresAt };
  }

  /** Calls `end` once, when the viewer loses access. Returns how to unregister. */
  hold(
    { keyId, tokenId, expiresAt, watches, asOf, scopes, restrictions }: Viewer,
    end: Held["end"],
  ): () => void {
    if (scopes.has("OPERATOR")) return () => undefined;
    const held: Held = { tokenId, restrictions, end, timer: undefined };
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
      await this.#endRevokedTokens(groups);
      const rows = await this.#database.query<LiveKey>(findLiveKeys, [ids]);
      if (rows[0]) this.#time.note(rows[0].databaseMs);
      const now = this.#time.now();
      const live = new Map(rows.map(({ id, expiresAt }) => [id, expiresAt?.getTime() ?? Infinity]));
      this.#endRestricted(groups, rows);
      for (const [keyId, group] of groups) {
        const remainingMs = (live.get(keyId) ?? now) - now;
        if (remainingMs <= 0)
          this.#end(keyId, group, "The API key was revoked or has expired, or its account is suspended.");
        else if (remainingMs < Infinity) this.#checkIn(remainingMs);
      }
    } catch (error) {
      if (!this.#closed) this.#onError(error as Error);
      this.#checkIn(retryMs);
    }
  }

  async #endRevokedTokens(groups: readonly (readonly [string, readonly Held[]])[]): Promise<void> {
    const tokenIds = groups.flatMap(([, group]) => group.flatMap(({ tokenId }) => tokenId ?? []));
    if (tokenIds.length === 0) return;
    const revoked = await findRevoked(this.#database, [...new Set(tokenIds)]);
    for (const [keyId, group] of groups) {
      const ended = group.filter(({ tokenId }) => tokenId !== undefined && revoked.has(tokenId));
      this.#end(keyId, ended, "The watch token was revoked.");
    }
  }

  /** What a key was opened with holds for a socket as long as it is open. Watch tokens send nothing. */
  #endRestricted(groups: readonly (readonly [string, readonly Held[]])[], rows: readonly LiveKey[]): void {
    const present = new Map(rows.map(({ id, restrictions }) => [id, readRestrictions(restrictions)]));
    for (const [keyId, group] of groups) {
      if (!present.has(keyId)) continue;
      const changed = group.filter(
        ({ tokenId, restrictions }) =>
          tokenId === undefined && !isDeepStrictEqual(restrictions, present.get(keyId)),
      );
      this.#end(
        keyId,
        changed,
        "The restrictions of the API key were changed.",
        "Come back with the same key.",
      );
    }
  }

  #end(keyId: string, group: readonly Held[], reason: string, advice = "Come back with another one."): void {
    for (const held of group) {
      if (this.#held.get(keyId)?.has(held) !== true) continue;
      this.#release(keyId, held);
      held.end(new UnauthenticatedError(`${reason} ${advice}`));
    }
  }
}

/** @throws UnauthenticatedError */
function checkAddress({ allowedAddresses }: Viewer, address: string | undefined): void {
  if (!allowedAddresses || (address !== undefined && isInRanges(address, allowedAddresses))) return;
  throw new AddressNotAllowedError(address);
}

interface LiveKey {
  id: string;
  expiresAt: Date | null;
  restrictions: unknown;
  databaseMs: number;
}

const findLiveKeys: Statement = {
  name: "find_live_keys",
  text: `
    select k.id, k.expires_at as "expiresAt", k.restrictions,
      extract(epoch from clock_timestamp())::float8 * 1000 as "databaseMs"
    from api_keys as k
    join accounts as a on a.id = k.account_id
    where k.id = any($1::uuid[]) and k.revoked_at is null and a.suspended_at is null`,
};
