import type { Conversation } from "protocol/chat.ts";
import type { User } from "protocol/users.ts";
import type { ConversationState } from "./conversation_state.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ConversationView } from "./views.ts";

const NO_SETTINGS = { muted: false, pinned: false, archived: false, blocked: false };

/** Undefined while nothing is known of it. */
export function viewOf(
  state: ConversationState,
  typing: readonly User[],
  outgoing: readonly Outgoing[],
): ConversationView | undefined {
  const { id, standing, summary, conversation, noticedAt } = state;
  const unsent = {
    sending: outgoing.filter(({ state }) => state.status === "sending").length,
    failed: outgoing.filter(({ state }) => state.status === "failed").length,
  };
  const isOutside = standing === "invited" || standing === "asked" || conversation === undefined;
  if (isOutside) {
    if (summary === undefined) return undefined;
    return {
      ...{ id, standing, kind: "group", title: summary.title, group: summary, lastAt: noticedAt },
      ...{ head: 0, oldestSeq: 1, unread: 0, mentions: 0, readSeq: 0, typing, ...NO_SETTINGS, ...unsent },
    };
  }
  const { version: _, deliveredSeq: _delivered, ...shown } = conversation;
  const writtenAt = outgoing.at(-1)?.writtenAt ?? 0;
  return {
    ...shown,
    ...{ standing, title: titleOf(conversation), readSeq: state.readSeq, typing, ...unsent },
    lastAt: Math.max(conversation.last?.at ?? 0, writtenAt),
  };
}

/** Those with the newest message first, under the pinned ones and above the archived ones. */
export function inOrder(views: readonly ConversationView[]): ConversationView[] {
  return views.toSorted((a, b) => rank(a) - rank(b) || b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1));
}

/** Whether it is one of those one has: not left, and begun, if only here. */
export function isListed({ standing, kind, head, sending, failed, blocked }: ConversationView): boolean {
  if (standing === "gone") return false;
  return kind === "group" || head > 0 || blocked || sending + failed > 0;
}

export function isSame(a: ConversationView, b: ConversationView): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof ConversationView)[]);
  return [...fields].every((field) => a[field] === b[field]);
}

function titleOf({ group, peer }: Conversation): string {
  return group?.title ?? peer?.name ?? "";
}

function rank({ archived, pinned }: ConversationView): number {
  if (archived) return 2;
  return pinned ? 0 : 1;
}
