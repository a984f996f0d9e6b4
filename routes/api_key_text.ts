import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { digest, randomSecret } from "./refresh_tokens.ts";

/** What API keys begin with; no access token does. */
export const KEY_PREFIX = "bk_";
const KEY = /^bk_([0-7][0-9A-HJKMNP-TV-Z]{25})_([\w-]{43})$/;

/** What a presented key says; of its secret only the hash goes on from here. */
export interface PresentedKey {
  readonly id: string;
  /** SHA-256, base64url. */
  readonly hash: string;
}

/** The text of a new key: `bk_`, its id, and 256 random bits. It is shown once and kept nowhere. */
export function makeKeyText(id: string): string {
  return `${KEY_PREFIX}${id}_${randomSecret()}`;
}

/** Undefined for what is no key. */
export function readKeyText(text: string): PresentedKey | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, hash: digest(secret) };
}

/** In the same time wherever they differ. */
export function isSameHash(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
