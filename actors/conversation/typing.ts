import type { User } from "protocol/users.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import type { ConversationRole } from "./permissions.ts";

/** Others show it for so long. */
export const TYPING_MS = 5_000;
const EVERY_MS = 3_000;

const encoder = new TextEncoder();

/**
 * Shows the others that somebody writes, as `barrage.v1.evt.conversation.<id>.typing`; the body is the params of the
 * notification named by the header `method`, `from` is who writes, `members` as in a change. Nothing of it is kept.
 */
export class Typing {
  readonly #self: Self;
  readonly #ledger: Ledger;
  readonly #limits: ConversationLimits;
  /** When each was shown last; monotonic, the oldest first. */
  readonly #shown = new Map<string, number>();

  constructor(self: Self, ledger: Ledger, limits: ConversationLimits) {
    this.#self = self;
    this.#ledger = ledger;
    this.#limits = limits;
  }

  show(user: User, roles: readonly ConversationRole[]): void {
    const now = this.#self.clock.monotonic();
    for (const [other, at] of this.#shown) {
      if (now - at < EVERY_MS) break;
      this.#shown.delete(other);
    }
    if (this.#shown.has(user.id) || !this.#mayBeSeen(user.id, roles)) return;
    this.#shown.set(user.id, now);
    const params = { conversation: this.#ledger.id, user, forMs: TYPING_MS };
    this.#self.publish("typing", encoder.encode(JSON.stringify(params)), {
      ...{ method: "chat.typing", from: user.id, members: String(this.#ledger.membersVersion) },
    });
  }

  /** Whoever may not write now is not seen to; nor is who has blocked the other one, or was blocked. */
  #mayBeSeen(user: string, roles: readonly ConversationRole[]): boolean {
    const { members } = this.#ledger.present;
    if (this.#ledger.isDirect) {
      return members.get(user)?.blocked !== true && members.other(user)?.blocked !== true;
    }
    if (this.#ledger.group.settings.mutedAll && roles.includes("member")) return false;
    return members.count <= this.#limits.typingMembersMax;
  }
}
