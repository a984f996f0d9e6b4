import type { ChatConversation, ConversationView, ShownMessage } from "client/mod.ts";
import type { Message } from "protocol/chat.ts";
import type { MenuItem } from "../../shell/popup_menu.ts";
import { ask } from "../../shell/text_dialog.ts";
import { toast } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import { draftWords, messageWords } from "../words.ts";

export interface MessageActions {
  readonly reply: (message: Message) => void;
  readonly edit: (message: Message) => void;
  readonly report: (message: Message) => void;
}

/** What can be done with a message; how long it can be changed, the server knows. */
export function messageMenu(
  conversation: ChatConversation,
  view: ConversationView,
  shown: ShownMessage,
  { reply, edit, report }: MessageActions,
): readonly MenuItem[] {
  if (shown.shown === "outgoing") return unsentMenu(shown);
  const { message, own } = shown;
  if (message.kind !== "sent") return [];
  const inside = view.standing === "member";
  const chief = view.group?.role === "owner" || view.group?.role === "admin";
  return [
    ...inside ? [{ icon: "reply", text: "Reply", act: () => reply(message) }] : [],
    { icon: "copy", text: "Copy", act: () => copy(draftWords(message), message.text) },
    ...inside && own ? [{ icon: "edit", text: "Edit", act: () => edit(message) }] : [],
    ...inside && (own || chief)
      ? [{ icon: "trash", text: "Recall", danger: true, act: () => recall(conversation, message) }]
      : [],
    ...inside && !own ? [{ icon: "flag", text: "Report", danger: true, act: () => report(message) }] : [],
  ];
}

function unsentMenu({ outgoing }: Extract<ShownMessage, { shown: "outgoing" }>): readonly MenuItem[] {
  const { text } = outgoing.draft;
  const failed = outgoing.state.status === "failed";
  return [
    { icon: "copy", text: "Copy", act: () => copy(draftWords(outgoing.draft), text) },
    ...failed
      ? [
        { icon: "send", text: "Try again", act: () => outgoing.retry() },
        { icon: "trash", text: "Delete", danger: true, act: () => outgoing.discard() },
      ]
      : [],
  ];
}

async function copy(line: string, text: string | undefined): Promise<void> {
  try {
    await navigator.clipboard.writeText(text ?? line);
    toast("Copied");
  } catch {
    prompt("Copy this", text ?? line);
  }
}

function recall(conversation: ChatConversation, message: Message): void {
  ask({
    title: "Recall this message?",
    note: `“${
      messageWords(message, undefined).slice(0, 120)
    }” disappears for everybody; that it was there stays visible.`,
    action: "Recall",
    danger: true,
    words: complaintOf,
    submit: () => conversation.recall(message.seq),
  });
}
