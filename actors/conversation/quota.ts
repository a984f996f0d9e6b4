import { BarrageError } from "protocol/errors.ts";
import type { MembershipStore } from "storage/conversation_storage.ts";

/** @throws {BarrageError} `conflict` for a user who is in `max` conversations. */
export async function checkQuota(
  memberships: Pick<MembershipStore, "count">,
  user: string,
  max: number,
): Promise<void> {
  if (await memberships.count(user) < max) return;
  throw new BarrageError(
    "conflict",
    `Nobody may begin or join more than ${max} conversations: leave some first`,
  );
}
