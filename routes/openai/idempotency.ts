import { createHash } from "node:crypto";
import { encodeTime } from "@std/ulid";
import { Ulid } from "protocol/ids.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DAY_MS = 86_400_000;

/**
 * The answer's id for the `Idempotency-Key` of a request: a ULID stands for itself, any other key for the same answer of
 * the same user for the rest of the day by UTC.
 */
export function answerIdOf(key: string, user: string, now: number): string {
  const { success, data } = Ulid.safeParse(key);
  if (success) return data;
  const digest = createHash("sha256").update(JSON.stringify([user, key])).digest();
  const random = Array.from(digest.subarray(0, 16), (byte) => ALPHABET[byte & 31]).join("");
  return encodeTime(now - now % DAY_MS, 10) + random;
}
