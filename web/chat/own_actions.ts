import type { ChatConversation, ConversationView } from "client/mod.ts";
import type { MenuItem } from "../shell/popup_menu.ts";
import { ask } from "../shell/text_dialog.ts";
import { attempt } from "../shell/toast.ts";
import { complaintOf } from "./complaints.ts";

/** What somebody does with a conversation for himself; the same in its menu and its panel. */
export function ownActions(conversation: ChatConversation, view: ConversationView): readonly MenuItem[] {
  if (view.standing !== "member") return [];
  const { muted, pinned, archived } = view;
  const doing = (act: () => Promise<unknown>) => () => attempt(act, complaintOf);
  return [
    {
      icon: muted ? "bell" : "bell-off",
      text: muted ? "Unmute" : "Mute",
      act: doing(() => conversation.mute(!muted)),
    },
    { icon: "pin", text: pinned ? "Unpin" : "Pin", act: doing(() => conversation.pin(!pinned)) },
    {
      icon: "archive",
      text: archived ? "Take out of the archive" : "Archive",
      act: doing(() => conversation.archive(!archived)),
    },
    ...view.kind === "direct" ? [blocking(conversation, view)] : [],
  ];
}

function blocking(conversation: ChatConversation, { blocked, title }: ConversationView): MenuItem {
  if (blocked) {
    return {
      icon: "block",
      text: "Unblock",
      act: () => attempt(() => conversation.block(false), complaintOf),
    };
  }
  return {
    icon: "block",
    text: "Block",
    danger: true,
    act: () =>
      ask({
        title: `Block ${title}?`,
        note: "Neither of you can write to the other one, and they do not see whether you are online.",
        action: "Block",
        danger: true,
        words: complaintOf,
        submit: () => conversation.block(true),
      }),
  };
}
