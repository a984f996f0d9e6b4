import type { ConversationView } from "client/mod.ts";
import type { Attachment, Change, Message } from "protocol/chat.ts";
import { plural } from "../shell/dom.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

/** What happened to a group, in a sentence that names oneself `You`. */
export function changeWords(change: Change, sender: Named, me: string | undefined): string {
  const who = sender.id === me ? "You" : sender.name;
  switch (change.what) {
    case "created":
      return `${who} made the group “${change.title}”`;
    case "joined": {
      const others = change.users.filter(({ id }) => id !== sender.id);
      return others.length === 0 ? `${who} joined` : `${who} let in ${list(others, me)}`;
    }
    case "left":
      return `${who} left`;
    case "removed":
      return `${who} removed ${list(change.users, me)}`;
    case "role": {
      const whom = change.user.id === me ? "you" : change.user.name;
      const role = { owner: "the owner", admin: "an admin", member: "a member" }[change.role];
      return `${who} made ${whom} ${role}`;
    }
    case "settings":
      return settingWords(change.settings, who);
    case "assistant": {
      const { assistant } = change;
      if (assistant === undefined) return `${who} removed the assistant`;
      return assistant.enabled
        ? `${who} set the assistant: mention @${assistant.name} to ask it`
        : `${who} switched the assistant ${assistant.name} off`;
    }
  }
}

function settingWords(settings: Extract<Change, { what: "settings" }>["settings"], who: string): string {
  const { title, announcement, join, mutedAll, historyForNewcomers, retentionDays } = settings;
  if (title !== undefined) return `${who} renamed the group to “${title}”`;
  if (announcement !== undefined) {
    return announcement === ""
      ? `${who} took the announcement away`
      : `${who} changed the announcement: ${announcement}`;
  }
  if (mutedAll !== undefined) {
    return mutedAll ? `${who} let only owner and admins write` : `${who} let everybody write again`;
  }
  if (join !== undefined) {
    const comers = { open: "everybody", approval: "whom an admin lets in", invite: "only the invited" }[join];
    return `${who} changed who comes in: ${comers}`;
  }
  if (retentionDays !== undefined) {
    return retentionDays === 0
      ? `${who} lets messages stay as long as the server keeps them`
      : `${who} lets messages disappear after ${plural(retentionDays, "day")}`;
  }
  return historyForNewcomers === true
    ? `${who} lets newcomers see what was said before`
    : `${who} lets newcomers see only what is said from then on`;
}

function list(users: readonly Named[], me: string | undefined): string {
  const names = users.map(({ id, name }) => id === me ? "you" : name);
  return names.length > 4
    ? `${names.slice(0, 3).join(", ")} and ${plural(names.length - 3, "other")}`
    : new Intl.ListFormat("en").format(names);
}

const KINDS = { image: "Picture", video: "Video", audio: "Audio", file: "File" } as const;

export function attachmentWords(attachment: Attachment): string {
  return attachment.type === "file" ? attachment.name : KINDS[attachment.type];
}

/** A message in one line, for lists, quotes and those who listen to the page. */
export function messageWords(message: Message, me: string | undefined): string {
  switch (message.kind) {
    case "sent":
      return draftWords(message);
    case "recalled":
      return "Message recalled";
    case "change":
      return changeWords(message.change, message.sender, me);
  }
}

export function draftWords(
  { text, attachments = [] }: {
    readonly text?: string | undefined;
    readonly attachments?: readonly Attachment[] | undefined;
  },
): string {
  return text?.replaceAll("\n", " ") ?? attachments.map(attachmentWords).join(", ");
}

/** The second line of a conversation in the list. */
export function previewOf(
  { kind, standing, last, typing, group, failed }: ConversationView,
  me: string | undefined,
): { readonly text: string; readonly tone: "plain" | "accent" | "bad" } {
  if (standing === "invited") return { text: "You are invited", tone: "accent" };
  if (standing === "asked") return { text: "Waiting to be let in", tone: "plain" };
  if (failed > 0) return { text: "Not sent", tone: "bad" };
  if (typing.length > 0) return { text: typingWords(typing, kind), tone: "accent" };
  if (last === undefined) {
    return {
      text: group === undefined ? "Nothing said yet" : plural(group.members, "member"),
      tone: "plain",
    };
  }
  const text = messageWords(last, me);
  if (last.kind === "change") return { text, tone: "plain" };
  if (last.sender.id === me) return { text: `You: ${text}`, tone: "plain" };
  return { text: kind === "group" ? `${last.sender.name}: ${text}` : text, tone: "plain" };
}

export function typingWords(typing: readonly Named[], kind: ConversationView["kind"]): string {
  const [first, second] = typing;
  if (first === undefined) return "";
  if (kind === "direct") return "writing…";
  if (typing.length > 2) return `${plural(typing.length, "person", "people")} are writing…`;
  return second === undefined ? `${first.name} is writing…` : `${first.name} and ${second.name} are writing…`;
}
