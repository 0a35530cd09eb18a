import { randomUUIDv7 } from "node:crypto";
import type { Database, Statement } from "../../database/database.ts";

/** By how much the sequence rises: one process uses the numbers in between. */
const blockSize = 100;

const nextBlocks: Statement = {
  name: "take_compat_ids",
  text: "select nextval('compat_ids')::text as first from generate_series(1, $1::int)",
};

/** Numbers that no other message of any account has. They rise, with gaps. */
export class NumberedIds {
  readonly #database: Database;
  #free: number[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  async take(count: number): Promise<number[]> {
    const taken = this.#free.splice(0, count);
    const blocks = Math.ceil((count - taken.length) / blockSize);
    if (blocks === 0) return taken;
    const rows = await this.#database.query<{ first: string }>(nextBlocks, [blocks]);
    const fresh = rows.flatMap(({ first }) =>
      Array.from({ length: blockSize }, (_, index) => Number(first) + index),
    );
    const rest = fresh.splice(0, count - taken.length);
    this.#free.push(...fresh);
    return [...taken, ...rest];
  }
}

/** An odd number, so that multiplying by it modulo a power of two gives each number another one. */
const spread = 0x9_e377_9b97_f4a7n;
const digits13 = 1n << 52n;

/** Thirteen hexadecimal digits, as PHP's `uniqid` gives them. Each number has its own. */
export const uidOf = (number: number): string =>
  ((BigInt(number) * spread) % digits13).toString(16).padStart(13, "0");

export const newGroupId = (): string => randomUUIDv7();

/** The place in a UUID of its version. */
const versionAt = 14;

/**
 * TikoSMS has a campaign for every message. That of a single message is its id with another version, so that
 * either is found by the other.
 */
export const campaignIdOf = (messageId: string): string =>
  `${messageId.slice(0, versionAt)}8${messageId.slice(versionAt + 1)}`;

/** The message whose campaign this is; undefined for a campaign of ours. */
export const messageOfCampaign = (campaignId: string): string | undefined =>
  campaignId[versionAt] === "8"
    ? `${campaignId.slice(0, versionAt)}7${campaignId.slice(versionAt + 1)}`
    : undefined;
