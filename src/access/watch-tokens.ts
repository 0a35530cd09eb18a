import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** The one message or campaign that a watch token allows. */
export interface WatchTarget {
  type: "Message" | "Campaign";
  id: string;
}

/** The content of a watch token: its id, its key, its target, and its expiry. */
interface WatchClaims {
  /** Undefined for a token of a version that did not store them. */
  tokenId: string | undefined;
  keyId: string;
  target: WatchTarget;
  expiresAt: Date;
}

const prefix = "sgw_";
const targetTypes = ["Message", "Campaign"] as const satisfies readonly WatchTarget["type"][];
/** By version. The first had no id of its own; its tokens end within a day. */
const claimsLengths: Readonly<Record<number, number>> = { 1: 2 + 16 + 16 + 6, 2: 2 + 16 + 16 + 6 + 16 };
const version = 2;
const signatureLength = 32;

/**
 * Signs and reads watch tokens: every process with the same secret can read them. Whether a token or its key was
 * revoked is looked up on every use.
 */
export class WatchTokens {
  readonly #signingKey: Uint8Array;
  /** All that are read. */
  readonly #signingKeys: readonly Uint8Array[];

  /** `secretKey` is SECRET_KEY; the signing key is derived from it. Tokens that `others` signed are read as well. */
  constructor(secretKey: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#signingKey = signingKeyOf(secretKey);
    this.#signingKeys = [this.#signingKey, ...others.map(signingKeyOf)];
  }

  seal({ tokenId, keyId, target, expiresAt }: WatchClaims & { tokenId: string }): string {
    const claims = Buffer.alloc(claimsLengths[version] ?? 0);
    claims.writeUInt8(version, 0);
    claims.writeUInt8(targetTypes.indexOf(target.type), 1);
    writeUuid(claims, keyId, 2);
    writeUuid(claims, target.id, 18);
    claims.writeUIntBE(expiresAt.getTime(), 34, 6);
    writeUuid(claims, tokenId, 40);
    return prefix + Buffer.concat([claims, sign(this.#signingKey, claims)]).toString("base64url");
  }

  /** Undefined when this is not a token of ours. The caller checks the expiry. */
  open(token: string): WatchClaims | undefined {
    if (!token.startsWith(prefix)) return undefined;
    const bytes = Buffer.from(token.slice(prefix.length), "base64url");
    // Base64 decoding ignores characters that do not belong there; a token must match exactly.
    if (prefix + bytes.toString("base64url") !== token) return undefined;
    const length = claimsLengths[bytes[0] ?? 0];
    if (length === undefined || bytes.length !== length + signatureLength) return undefined;
    const claims = bytes.subarray(0, length);
    const signature = bytes.subarray(length);
    if (!this.#signingKeys.some((key) => timingSafeEqual(sign(key, claims), signature))) return undefined;
    const type = targetTypes[claims.readUInt8(1)];
    if (type === undefined) return undefined;
    return {
      tokenId: claims.readUInt8(0) === 1 ? undefined : readUuid(claims, 40),
      keyId: readUuid(claims, 2),
      target: { type, id: readUuid(claims, 18) },
      expiresAt: new Date(claims.readUIntBE(34, 6)),
    };
  }
}

const signingKeyOf = (secretKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secretKey, "", "smsgraph watch token", 32));

const sign = (key: Uint8Array, claims: Uint8Array): Buffer =>
  createHmac("sha256", key).update(claims).digest();

function writeUuid(bytes: Buffer, uuid: string, offset: number): void {
  bytes.write(uuid.replaceAll("-", ""), offset, "hex");
}

function readUuid(bytes: Buffer, offset: number): string {
  const digits = bytes.toString("hex", offset, offset + 16);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
