import { createHash, timingSafeEqual } from "node:crypto";
import type { Viewer } from "./api-keys.ts";

/** No account: the operator sees accounts, and nothing that is in them. */
const noAccount = "00000000-0000-0000-0000-000000000000";

const operator: Viewer = {
  accountId: noAccount,
  accountName: "",
  keyId: noAccount,
  keyName: "operator",
  keyPrefix: null,
  allowedAddresses: undefined,
  tokenId: undefined,
  address: undefined,
  scopes: new Set(["OPERATOR"]),
  expiresAt: undefined,
  watches: undefined,
  asOf: 0,
};

const hashOf = (key: string): Buffer => createHash("sha256").update(key).digest();

/**
 * The key of those who run the installation. It comes from the environment, so no key of an account can make one, and
 * a dump of the database contains none.
 */
export class OperatorKey {
  readonly #hashes: readonly Buffer[];

  /** One key, or several with commas between them while one replaces another. */
  constructor(keys: string | undefined) {
    this.#hashes = (keys ?? "")
      .split(",")
      .filter((key) => key !== "")
      .map(hashOf);
  }

  find(credential: string): Viewer | undefined {
    if (this.#hashes.length === 0) return undefined;
    const hash = hashOf(credential);
    return this.#hashes.some((own) => timingSafeEqual(own, hash)) ? operator : undefined;
  }
}
