import type { GroupSummary } from "protocol/chat.ts";
import type { ConversationStore } from "storage/conversation_storage.ts";

interface Search {
  readonly number?: string | undefined;
  readonly title?: string | undefined;
  readonly limit: number;
}

/** The group with the number, or those whose title begins so; those for the invited alone are not found. */
export async function searchGroups(
  conversations: Pick<ConversationStore, "find">,
  { number, title = "", limit }: Search,
): Promise<GroupSummary[]> {
  const found = await conversations.find(number === undefined ? { title } : { number }, limit);
  return found.map(({ group, members }) => ({
    id: group.id,
    number: group.number,
    title: group.settings.title,
    join: group.settings.join,
    members,
  }));
}
