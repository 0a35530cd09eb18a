import type { Viewer } from "../../src/access/api-keys.ts";

/** A viewer with a key that may do nothing, but for what is given. */
export const viewerOf = (given: Partial<Viewer>): Viewer => ({
  accountId: "",
  accountName: "",
  keyId: "",
  keyName: "",
  keyPrefix: null,
  address: undefined,
  allowedAddresses: undefined,
  tokenId: undefined,
  scopes: new Set(),
  expiresAt: undefined,
  watches: undefined,
  asOf: 0,
  ...given,
});
