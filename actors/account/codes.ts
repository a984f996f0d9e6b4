import type { CodeRecord } from "storage/account_storage.ts";
import type { AccountLimits } from "./limits.ts";

/** What a code is worth that somebody types in. */
export type CodeVerdict =
  | { readonly kind: "fits"; readonly code: CodeRecord }
  /** `left` is what remains of the one that was sent; nothing after the last try. */
  | { readonly kind: "wrong"; readonly left: CodeRecord | undefined }
  /** None was sent, or it is not good any more. */
  | { readonly kind: "none" };

export function judgeCode(sent: CodeRecord | undefined, codeHash: string, now: number): CodeVerdict {
  if (sent === undefined || sent.expiresAt <= now) return { kind: "none" };
  if (sent.codeHash === codeHash) return { kind: "fits", code: sent };
  const triesLeft = sent.triesLeft - 1;
  return { kind: "wrong", left: triesLeft > 0 ? { ...sent, triesLeft } : undefined };
}

/** Milliseconds until the next one may be sent. */
export function untilNextCode(
  sent: CodeRecord | undefined,
  { ttlMs, everyMs }: AccountLimits["code"],
  now: number,
): number {
  if (sent === undefined) return 0;
  const sentAt = sent.expiresAt - ttlMs;
  return Math.max(0, sentAt + everyMs - now);
}
