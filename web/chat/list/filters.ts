import type { ConversationView } from "client/mod.ts";

export const FILTERS = ["all", "unread", "groups", "archived"] as const;
export type Filter = typeof FILTERS[number];

/** Those that the list shows, in their order. What is searched for is found wherever it is. */
export function chosen(
  views: readonly ConversationView[],
  filter: Filter,
  search: string,
): readonly ConversationView[] {
  const words = search.trim().toLowerCase();
  if (words !== "") return views.filter((view) => isFound(view, words));
  switch (filter) {
    case "all":
      return views.filter(({ archived }) => !archived);
    case "unread":
      return views.filter(({ archived, unread, mentions, standing }) =>
        !archived && (unread > 0 || mentions > 0 || standing === "invited")
      );
    case "groups":
      return views.filter(({ archived, kind }) => !archived && kind === "group");
    case "archived":
      return views.filter(({ archived }) => archived);
  }
}

function isFound({ title, group }: ConversationView, words: string): boolean {
  return title.toLowerCase().includes(words) || group?.number === words;
}

export interface Emptiness {
  readonly title: string;
  readonly note: string;
}

/** What is said where nothing is listed. */
export function emptiness(filter: Filter, search: string): Emptiness {
  if (search.trim() !== "") {
    return {
      title: "Nobody by that name",
      note: "Here is searched what you have. Others you find when you begin anew.",
    };
  }
  switch (filter) {
    case "all":
      return {
        title: "It is quiet here",
        note: "Write to somebody by their login, make a group, or join one.",
      };
    case "unread":
      return { title: "All read", note: "What is new turns up here." };
    case "groups":
      return { title: "No groups yet", note: "Make one, or join one by its number, name or link." };
    case "archived":
      return { title: "Nothing archived", note: "What you archive waits here, out of the way." };
  }
}
