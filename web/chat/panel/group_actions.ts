import type { ChatConversation, ConversationView } from "client/mod.ts";
import type { MenuItem } from "../../shell/popup_menu.ts";
import { ask } from "../../shell/text_dialog.ts";
import { attempt, toast } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import { ownActions } from "../own_actions.ts";
import { pathOf } from "../place.ts";
import { userByLogin } from "../start/user_by_login.ts";

const TITLE_MAX = 100;
const ANNOUNCEMENT_MAX = 2_000;

/** What one may do with a group, by one's role there. */
export function groupActions(
  conversation: ChatConversation,
  view: ConversationView,
  invited: () => void,
): readonly MenuItem[] {
  const { group, title } = view;
  const chief = group?.role === "owner" || group?.role === "admin";
  const own = ownActions(conversation, view);
  if (!chief) return group?.join === "open" ? [inviting(conversation, invited), ...own] : own;
  return [
    inviting(conversation, invited),
    { icon: "link", text: "Copy a link to join", act: () => copyLink(conversation) },
    { icon: "block", text: "Make the link good for nothing", act: () => unlink(conversation) },
    {
      icon: "edit",
      text: "Rename",
      act: () =>
        ask({
          title: "Rename the group",
          note: "Everybody in it sees who has done so.",
          action: "Rename",
          input: { label: "Name of the group", value: title, maxLength: TITLE_MAX },
          words: complaintOf,
          submit: (name) => conversation.update({ title: name }),
        }),
    },
    {
      icon: "flag",
      text: "Announce",
      act: () =>
        ask({
          title: "Announcement",
          note: "Stands above the messages; nothing takes it away.",
          action: "Announce",
          input: { label: "Announcement", value: group?.announcement ?? "", maxLength: ANNOUNCEMENT_MAX },
          words: complaintOf,
          submit: (announcement) => conversation.update({ announcement }),
        }),
    },
    ...own,
  ];
}

export function leavingActions(
  conversation: ChatConversation,
  { title }: ConversationView,
): readonly MenuItem[] {
  return [{
    icon: "leave",
    text: "Leave the group",
    danger: true,
    act: () =>
      ask({
        title: `Leave “${title}”?`,
        note: "You see nothing that is said from then on.",
        action: "Leave",
        danger: true,
        words: complaintOf,
        submit: () => conversation.leave(),
      }),
  }];
}

function inviting(conversation: ChatConversation, invited: () => void): MenuItem {
  return {
    icon: "plus",
    text: "Invite somebody",
    act: () =>
      ask({
        title: "Invite somebody",
        note: "They decide whether to join.",
        action: "Invite",
        input: { label: "Their login", value: "", maxLength: 64 },
        words: complaintOf,
        submit: async (login) => {
          const { id, name } = await userByLogin(login);
          await conversation.invite([id]);
          invited();
          toast(`${name} is invited`);
        },
      }),
  };
}

async function copyLink(conversation: ChatConversation): Promise<void> {
  await attempt(async () => {
    const link = `${location.origin}${pathOf(conversation.id)}#link=${await conversation.link()}`;
    try {
      await navigator.clipboard.writeText(link);
      toast("Link copied: whoever has it can join");
    } catch {
      // Without the clipboard (an unsafe origin, a refusal) it is offered for copying by hand.
      prompt("Whoever has this link can join", link);
    }
  }, complaintOf);
}

function unlink(conversation: ChatConversation): void {
  ask({
    title: "Make the link good for nothing?",
    note: "Nobody joins by it any more. You can make another one.",
    action: "Do so",
    words: complaintOf,
    submit: () => conversation.unlink(),
  });
}
