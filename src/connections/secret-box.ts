import { createCipheriv, createDecipheriv, randomBytes, type DecipherGCM } from "node:crypto";

const algorithm = "aes-256-gcm";
const nonceLength = 12;
const tagLength = 16;

/** Encrypts what must not be readable in the database or its backups. */
export interface SecretBox {
  /** `context` (a row's id) must be the same when opening, so a box cannot be moved to another row. */
  seal(value: object, context: string): Uint8Array<ArrayBuffer>;
  /**
   * @throws Error when the key is wrong or the box was changed
   */
  open(box: Uint8Array, context: string): unknown;
}

/**
 * AES-256-GCM with a fresh nonce for every box, stored as nonce, tag, ciphertext. Keys have 32 bytes. `key` seals;
 * `others` open what it does not, while one key replaces another.
 */
export function createSecretBox(key: Uint8Array, others: readonly Uint8Array[] = []): SecretBox {
  const keys = [key, ...others];
  return {
    seal(value, context) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
      return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
    },
    open(box, context) {
      const text = keys.map((one) => openWith(one, box, context)).find((found) => found !== undefined);
      if (text !== undefined) return JSON.parse(text);
      throw new Error(
        "Stored credentials cannot be decrypted: SECRET_KEY is not the one they were stored with.",
      );
    },
  };
}

function openWith(key: Uint8Array, box: Uint8Array, context: string): string | undefined {
  const nonce = box.subarray(0, nonceLength);
  const tag = box.subarray(nonceLength, nonceLength + tagLength);
  const decipher = createDecipheriv(algorithm, key, nonce).setAAD(Buffer.from(context)).setAuthTag(tag);
  return decrypt(decipher, box.subarray(nonceLength + tagLength));
}

/** Undefined when the key is another one, or the box was changed. */
function decrypt(decipher: DecipherGCM, sealed: Uint8Array): string | undefined {
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
