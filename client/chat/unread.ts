import type { Message } from "protocol/chat.ts";
import type { MessageWindow } from "./message_window.ts";

export interface Counts {
  readonly unread: number;
  readonly mentions: number;
}

/** What a message adds for somebody who has not read it; one's own add nothing. */
export function countsOf(message: Message, user: string): Counts {
  if (message.sender.id === user) return { unread: 0, mentions: 0 };
  const mentioned = message.kind === "sent" && message.mentions?.includes(user) === true;
  return { unread: 1, mentions: mentioned ? 1 : 0 };
}

/** Exactly what stands behind the cursor, or undefined when the window does not reach from there to the head. */
export function countUnread(
  window: MessageWindow,
  { readSeq, head, user }: { readSeq: number; head: number; user: string },
): Counts | undefined {
  if (readSeq >= head) return { unread: 0, mentions: 0 };
  if (window.to < head || (window.from > readSeq + 1 && window.older)) return undefined;
  let [unread, mentions] = [0, 0];
  for (const message of window.messages) {
    if (message.seq <= readSeq) continue;
    const counts = countsOf(message, user);
    unread += counts.unread;
    mentions += counts.mentions;
  }
  return { unread, mentions };
}
