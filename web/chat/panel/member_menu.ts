import type { ChatConversation } from "client/mod.ts";
import type { GroupRole, MemberPage } from "protocol/chat.ts";
import type { MenuItem } from "../../shell/popup_menu.ts";
import { ask } from "../../shell/text_dialog.ts";
import { attempt } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";

export const ROLE_WORDS = { owner: "Owner", admin: "Admin", member: undefined } as const;

/** What somebody with this role may do with a member. */
export function memberMenu(
  conversation: ChatConversation,
  own: GroupRole,
  { user, role, kind }: MemberPage["members"][number],
  openUser: (user: string) => void,
): readonly MenuItem[] {
  const { id, name } = user;
  const doing = (act: () => Promise<void>) => () => attempt(act, complaintOf);
  const mayRemove = role === "member" ? own !== "member" : role === "admin" && own === "owner";
  // Nobody writes to it elsewhere, and it has no say.
  if (kind === "assistant") {
    if (own === "member") return [];
    return [{
      icon: "leave",
      text: "Remove",
      danger: true,
      act: doing(() => conversation.remove(id)),
    }];
  }
  return [
    { icon: "chat", text: "Write to them", act: () => openUser(id) },
    ...own === "owner" && role === "member"
      ? [{ icon: "crown", text: "Make an admin", act: doing(() => conversation.setRole(id, "admin")) }]
      : [],
    ...own === "owner" && role === "admin"
      ? [{
        icon: "person",
        text: "Make a member again",
        act: doing(() => conversation.setRole(id, "member")),
      }]
      : [],
    ...own === "owner"
      ? [{
        icon: "key",
        text: "Make the owner",
        act: () =>
          ask({
            title: `Make ${name} the owner?`,
            note: "You will be an admin, and only they can make you the owner again.",
            action: "Make the owner",
            words: complaintOf,
            submit: () => conversation.transfer(id),
          }),
      }]
      : [],
    ...mayRemove
      ? [{
        icon: "leave",
        text: "Remove",
        danger: true,
        act: () =>
          ask({
            title: `Remove ${name}?`,
            note: "They see nothing that is said from then on, and come back by invitation only.",
            action: "Remove",
            danger: true,
            words: complaintOf,
            submit: () => conversation.remove(id),
          }),
      }]
      : [],
  ];
}
