import type { SessionRecord } from "storage/account_storage.ts";
import type { Arrival } from "./definition.ts";
import type { AccountLimits } from "./limits.ts";

/** What a refresh token is worth to a session that has not ended. */
export type Verdict =
  /** It is the present one: it gets a successor. */
  | { readonly kind: "rotate" }
  /** It is the one before, shown again in time: the answer may have been lost, or two tabs refresh at once. */
  | { readonly kind: "repeat"; readonly salt: string }
  | { readonly kind: "early"; readonly retryAfterMs: number }
  /** Whoever has only the token may have copied it; the owner's session must not suffer. */
  | { readonly kind: "wrong_device" }
  /** Two have it, and nobody can tell which of them is the owner. */
  | { readonly kind: "token_reused" }
  | { readonly kind: "region_changed" };

export function judgeRefresh(
  session: SessionRecord,
  presentedHash: string,
  arrival: Arrival,
  limits: AccountLimits,
  now: number,
): Verdict {
  const { refreshHash, previous, refreshedAt } = session;
  const age = now - refreshedAt;
  if (arrival.deviceHash !== session.deviceHash) return { kind: "wrong_device" };
  const repeated = previous?.hash === presentedHash && age < limits.graceMs ? previous : undefined;
  if (presentedHash !== refreshHash && repeated === undefined) return { kind: "token_reused" };
  if (limits.regionCheck && regionChanged(session, arrival)) return { kind: "region_changed" };
  if (repeated !== undefined) return { kind: "repeat", salt: repeated.salt };
  // A session that was never refreshed has just begun and may be at once.
  // Neither may the clock of another node, ahead of this one, lock it out.
  if (previous !== undefined && age >= 0 && age < limits.refreshEveryMs) {
    return { kind: "early", retryAfterMs: limits.refreshEveryMs - age };
  }
  return { kind: "rotate" };
}

function regionChanged(session: SessionRecord, { region }: Arrival): boolean {
  return session.region !== undefined && region !== undefined && session.region !== region;
}
