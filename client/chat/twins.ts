import type { Message } from "protocol/chat.ts";
import { cleanText } from "protocol/text.ts";
import type { MessageWindow } from "./message_window.ts";
import type { Draft } from "./draft.ts";
import type { Outgoing } from "./outgoing.ts";

/**
 * The stored message that one on its way looks to have become. The server tells of a message before it acknowledges it,
 * and after a reload an acknowledgement may be long gone: without this it would be seen twice until it comes.
 * @param claimOf The client id of the message that is known to stand, or looked to stand, at a place.
 */
export function twinOf(
  { id, draft, triedAfter }: Outgoing,
  { window, user, claimOf }: {
    window: MessageWindow;
    user: string;
    claimOf: (seq: number) => string | undefined;
  },
): Message | undefined {
  if (triedAfter === undefined) return undefined;
  // What it looked to be before, it is still, whatever was made of it since.
  const candidates = window.messages.filter(({ seq, sender }) => seq > triedAfter && sender.id === user);
  return candidates.find(({ seq }) => claimOf(seq) === id) ??
    candidates.find((message) => claimOf(message.seq) === undefined && saysTheSame(message, draft));
}

function saysTheSame(message: Message, { text, attachments = [], replyTo }: Draft): boolean {
  return message.kind === "sent" && message.replyTo === replyTo && cleaned(message.text) === cleaned(text) &&
    JSON.stringify(message.attachments ?? []) === JSON.stringify(attachments);
}

function cleaned(text = ""): string {
  return cleanText(text.replaceAll(/[\r\n]+/g, " "));
}
