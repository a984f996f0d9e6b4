import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { BodyCipher, BodyPlace, SealedBody } from "./body_cipher.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DERIVED_MAX = 10_000;

/**
 * AES-256-GCM (NIST SP 800-38D) under a key of the conversation's, the answer's or the thread's own, derived from the
 * master key by HKDF (RFC 5869): random nonces are good for 2^32 messages of one key, which a server's messages may pass
 * and a conversation's do not. A sealed body is the base64 of nonce, text and tag.
 */
export class AesGcmBodies implements BodyCipher {
  readonly keyVersion: number;
  readonly #masters: ReadonlyMap<number, Uint8Array>;
  readonly #derived = new LRUCache<string, Uint8Array>({ max: DERIVED_MAX });

  /** @param masters 32 bytes each, by version; the greatest version seals. */
  constructor(masters: ReadonlyMap<number, Uint8Array>) {
    if (masters.size === 0) throw new RangeError("Cannot seal messages without a key");
    for (const key of masters.values()) {
      if (key.length !== KEY_BYTES) {
        throw new RangeError(`Cannot use a message key: it must have ${KEY_BYTES} bytes`);
      }
    }
    this.#masters = masters;
    this.keyVersion = Math.max(...masters.keys());
  }

  seal(place: BodyPlace, body: string): SealedBody {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keyFor(place, this.keyVersion), nonce);
    cipher.setAAD(Buffer.from(namesOf(place).part));
    const sealed = Buffer.concat([nonce, cipher.update(body, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return { body: sealed.toString("base64"), keyVersion: this.keyVersion };
  }

  open(place: BodyPlace, { body, keyVersion }: SealedBody): string {
    if (keyVersion === null) return body;
    const sealed = Buffer.from(body, "base64");
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, this.#keyFor(place, keyVersion), nonce);
    decipher.setAAD(Buffer.from(namesOf(place).part));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8");
  }

  #keyFor(place: BodyPlace, version: number): Uint8Array {
    const { whole } = namesOf(place);
    const name = `${version} ${whole}`;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const master = this.#masters.get(version);
    if (master === undefined) throw new Error(`Cannot read a message: it needs message key ${version}`);
    const key = new Uint8Array(hkdfSync("sha256", master, "", `barrage ${whole}`, KEY_BYTES));
    this.#derived.set(name, key);
    return key;
  }
}

/** Of what has a key of its own, and of the part of it that is sealed. */
function namesOf(place: BodyPlace): { readonly whole: string; readonly part: string } {
  if ("conversation" in place) {
    const { conversation, seq } = place;
    return { whole: `message ${conversation}`, part: `${conversation} ${seq}` };
  }
  if ("answer" in place) {
    return { whole: `answer ${place.answer}`, part: `${place.answer} ${place.part}` };
  }
  return { whole: `thread ${place.thread}`, part: `${place.thread} ${place.part}` };
}
