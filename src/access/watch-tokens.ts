import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** The one message or campaign that a watch token allows. */
export interface WatchTarget {
  type: "Message" | "Campaign";
  id: string;
}

/** The content of a watch token: its key, its target, and its expiry. */
interface WatchClaims {
  keyId: string;
  target: WatchTarget;
  expiresAt: Date;
}

const prefix = "sgw_";
const version = 1;
const targetTypes = ["Message", "Campaign"] as const satisfies readonly WatchTarget["type"][];
const claimsLength = 2 + 16 + 16 + 6;
const signatureLength = 32;

/**
 * Signs and reads watch tokens. Nothing is stored: every process with the same secret can read them. The key
 * that made a token is looked up on every use.
 */
export class WatchTokens {
  readonly #signingKey: Uint8Array;

  /** `secretKey` is SECRET_KEY; the signing key is derived from it. */
  constructor(secretKey: Uint8Array) {
    this.#signingKey = new Uint8Array(hkdfSync("sha256", secretKey, "", "smsgraph watch token", 32));
  }

  seal({ keyId, target, expiresAt }: WatchClaims): string {
    const claims = Buffer.alloc(claimsLength);
    claims.writeUInt8(version, 0);
    claims.writeUInt8(targetTypes.indexOf(target.type), 1);
    writeUuid(claims, keyId, 2);
    writeUuid(claims, target.id, 18);
    claims.writeUIntBE(expiresAt.getTime(), 34, 6);
    return prefix + Buffer.concat([claims, this.#sign(claims)]).toString("base64url");
  }

  /** Undefined when this is not a token of ours. The caller checks the expiry. */
  open(token: string): WatchClaims | undefined {
    if (!token.startsWith(prefix)) return undefined;
    const bytes = Buffer.from(token.slice(prefix.length), "base64url");
    // Base64 decoding ignores characters that do not belong there; a token must match exactly.
    if (prefix + bytes.toString("base64url") !== token) return undefined;
    if (bytes.length !== claimsLength + signatureLength) return undefined;
    const claims = bytes.subarray(0, claimsLength);
    if (!timingSafeEqual(this.#sign(claims), bytes.subarray(claimsLength))) return undefined;
    const type = targetTypes[claims.readUInt8(1)];
    if (claims.readUInt8(0) !== version || type === undefined) return undefined;
    return {
      keyId: readUuid(claims, 2),
      target: { type, id: readUuid(claims, 18) },
      expiresAt: new Date(claims.readUIntBE(34, 6)),
    };
  }

  #sign(claims: Uint8Array): Buffer {
    return createHmac("sha256", this.#signingKey).update(claims).digest();
  }
}

function writeUuid(bytes: Buffer, uuid: string, offset: number): void {
  bytes.write(uuid.replaceAll("-", ""), offset, "hex");
}

function readUuid(bytes: Buffer, offset: number): string {
  const digits = bytes.toString("hex", offset, offset + 16);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
