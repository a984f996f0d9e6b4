import type { ChatConversation, ConversationView } from "client/mod.ts";
import { find, make } from "../../shell/dom.ts";
import { attempt, toast } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";

interface Offer {
  readonly text: string;
  readonly primary?: boolean;
  readonly act: () => Promise<unknown>;
}

interface Closed {
  readonly words: string;
  readonly offers: readonly Offer[];
}

/** Why nothing can be written here, and what can be done about it; undefined where it can. */
function closedBy(
  conversation: ChatConversation,
  view: ConversationView,
  link: string | undefined,
): Closed | undefined {
  const { standing, group, blocked, title } = view;
  const join = async () => {
    if (await conversation.join(link) === "asked") toast("Asked: an admin will let you in");
  };
  switch (standing) {
    case "invited":
      return {
        words: `You are invited to “${title}”.`,
        offers: [
          { text: "Decline", act: () => conversation.leave() },
          { text: "Join", primary: true, act: join },
        ],
      };
    case "asked":
      return {
        words: "You have asked to join. An admin decides.",
        offers: [{ text: "Take it back", act: () => conversation.leave() }],
      };
    case "gone":
      return {
        words: "You are not in this group any more. What was said until then stays readable here.",
        offers: [],
      };
    case "member":
      if (blocked) {
        return {
          words: `You have blocked ${title}.`,
          offers: [{ text: "Unblock", act: () => conversation.block(false) }],
        };
      }
      return group?.mutedAll === true && group.role === "member"
        ? { words: "Only the owner and admins write here now.", offers: [] }
        : undefined;
  }
}

/** Shows it in the place of the box to write in; whether there is something to show. */
export function showClosed(
  element: HTMLElement,
  conversation: ChatConversation,
  view: ConversationView,
  link?: string,
): boolean {
  const closed = closedBy(conversation, view, link);
  element.hidden = closed === undefined;
  if (closed === undefined) return false;
  const words = find(element, "p", HTMLElement);
  // Drawn anew its buttons would lose the focus.
  if (words.textContent === closed.words) return true;
  words.textContent = closed.words;
  find(element, ".talk-closed-actions", HTMLElement).replaceChildren(
    ...closed.offers.map(({ text, primary, act }) => {
      const button = make("button", primary === true ? "button primary" : "button", text);
      button.type = "button";
      button.addEventListener("click", async () => {
        button.disabled = true;
        await attempt(act, complaintOf);
        button.disabled = false;
      });
      return button;
    }),
  );
  return true;
}
