import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { BarrageError } from "protocol/errors.ts";
import type { CredentialRecord, SecretSeals } from "./ai_storage.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) under a key derived from the master key by HKDF (RFC 5869), so that the same master key
 * may seal messages too. What is sealed is for one field of one credential: moved to another it does not open.
 */
export class AesGcmSecrets implements SecretSeals {
  readonly keyVersion: number;
  readonly #keys: ReadonlyMap<number, Uint8Array>;

  /** @param masters 32 bytes each, by version; the greatest version seals. */
  constructor(masters: ReadonlyMap<number, Uint8Array>) {
    if (masters.size === 0) throw new Error("Cannot use the AI keys: there is none");
    this.#keys = new Map([...masters].map(([version, master]) => [version, derive(master)]));
    this.keyVersion = Math.max(...masters.keys());
  }

  seal(
    id: string,
    secret: Readonly<Record<string, string>>,
  ): Pick<CredentialRecord, "sealed" | "keyVersion"> {
    const key = this.#keys.get(this.keyVersion)!;
    const sealed = Object.entries(secret).map(([field, value]) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce);
      cipher.setAAD(nameOf(id, field));
      const bytes = Buffer.concat([nonce, cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return [field, bytes.toString("base64")] as const;
    });
    return { sealed: Object.fromEntries(sealed), keyVersion: this.keyVersion };
  }

  open(
    { id, sealed, keyVersion }: Pick<CredentialRecord, "id" | "sealed" | "keyVersion">,
  ): Record<string, string> {
    const fields = Object.entries(sealed);
    if (fields.length === 0) return {};
    const key = this.#keys.get(keyVersion);
    if (key === undefined) throw missing(id, keyVersion);
    try {
      return Object.fromEntries(
        fields.map(([field, text]) => [field, openField(key, nameOf(id, field), text)]),
      );
    } catch {
      // Not even the cause goes on: it knows bytes of the secret's place.
      throw new BarrageError("unavailable", `Cannot open AI key ${id}: version ${keyVersion} is another key`);
    }
  }
}

/** Where there is no master key: what needs none can be used, nothing else can be opened or kept. */
export const NO_SECRETS: SecretSeals = {
  keyVersion: null,
  seal() {
    throw new BarrageError("unavailable", "Cannot keep AI keys: set AI_KEYS on every node");
  },
  open({ id, sealed, keyVersion }) {
    if (Object.keys(sealed).length > 0) throw missing(id, keyVersion);
    return {};
  },
};

function missing(id: string, version: number): BarrageError {
  return new BarrageError("unavailable", `Cannot open AI key ${id}: AI_KEYS has no version ${version}`);
}

function derive(master: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", master, "", "barrage credential", KEY_BYTES));
}

function openField(key: Uint8Array, name: Buffer, text: string): string {
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(name);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
  return Buffer.concat([decipher.update(sealed), decipher.final()]).toString("utf8");
}

function nameOf(id: string, field: string): Buffer {
  return Buffer.from(`${id} ${field}`);
}
