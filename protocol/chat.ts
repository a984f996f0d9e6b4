import { z } from "zod";
import { Assistant } from "./assistants.ts";
import { ClientId, Ulid } from "./ids.ts";
import { cleanLines, cleanText, codePoints } from "./text.ts";
import { User } from "./users.ts";

export const CHAT_TEXT_MAX = 4_000;

/** What may be written: cleaned, lines kept, 1-4,000 code points. */
export const ChatText = z.string().max(16_000).transform(cleanLines).refine(
  (text) => text.length > 0 && codePoints(text) <= CHAT_TEXT_MAX,
  `must have 1-${CHAT_TEXT_MAX} visible characters`,
);

const FileName = z.string().max(1_000).transform(cleanText).refine((name) => codePoints(name) <= 255);
const Source = z.url({ protocol: /^https$/ }).max(2_048);
const Bytes = z.int().nonnegative();
const Pixels = z.int().positive().max(100_000);

/** A reference to something kept elsewhere. */
export const Attachment = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("image"),
    url: Source,
    width: Pixels.optional(),
    height: Pixels.optional(),
  }),
  z.strictObject({ type: z.literal("video"), url: Source, durationMs: Bytes.optional() }),
  z.strictObject({ type: z.literal("audio"), url: Source, durationMs: Bytes.optional() }),
  z.strictObject({ type: z.literal("file"), url: Source, name: FileName, bytes: Bytes.optional() }),
]);
export type Attachment = z.infer<typeof Attachment>;

export const ATTACHMENTS_MAX = 10;
export const MENTIONS_MAX = 50;

const Said = {
  text: ChatText.optional(),
  attachments: z.array(Attachment).min(1).max(ATTACHMENTS_MAX).optional(),
  mentions: z.array(Ulid).min(1).max(MENTIONS_MAX).optional(),
};
type Said = z.output<z.ZodObject<typeof Said>>;

/** What somebody sends: a text, attachments, or both. */
export const Draft = z.strictObject({
  ...Said,
  /** The `seq` of the message this one answers. */
  replyTo: z.int().positive().optional(),
});
export type Draft = z.infer<typeof Draft>;

const SOMETHING = "must have a text or attachments";

export function saysSomething({ text, attachments }: Said): boolean {
  return text !== undefined || attachments !== undefined;
}

/** What stands there from then on; the message it answers stays. */
export const Edit = z.strictObject({ seq: z.int().positive(), ...Said }).refine(saysSomething, SOMETHING);
export type Edit = z.infer<typeof Edit>;

export const GroupRole = z.enum(["owner", "admin", "member"]);
export type GroupRole = z.infer<typeof GroupRole>;

/** Who comes in: whoever has the link or number, whoever is let in, or only the invited. */
export const JoinPolicy = z.enum(["open", "approval", "invite"]);
export type JoinPolicy = z.infer<typeof JoinPolicy>;

export const GroupTitle = z.string().max(1_000).transform(cleanText).refine(
  (title) => title.length > 0 && codePoints(title) <= 100,
  "must have 1-100 visible characters",
);
export const Announcement = z.string().max(8_000).transform(cleanLines).refine(
  (text) => codePoints(text) <= 2_000,
  "must have at most 2,000 visible characters",
);

export const GroupSettings = z.strictObject({
  title: GroupTitle,
  announcement: Announcement,
  join: JoinPolicy,
  /** Only the owner and admins may write. */
  mutedAll: z.boolean(),
  /** Whether new members see what was said before they came. */
  historyForNewcomers: z.boolean(),
  /** Messages older than so many days are removed; missing or 0 for as long as the server keeps them. */
  retentionDays: z.int().min(0).max(3_650).optional(),
});
export type GroupSettings = z.infer<typeof GroupSettings>;

export const DEFAULT_GROUP_SETTINGS: Omit<GroupSettings, "title"> = {
  announcement: "",
  join: "approval",
  mutedAll: false,
  historyForNewcomers: false,
};

/** Everything but the title has a default. */
export const CreateGroup = z.strictObject({
  /** The same id from the same user is the same group. */
  id: ClientId,
  ...GroupSettings.partial({ announcement: true, join: true, mutedAll: true, historyForNewcomers: true })
    .shape,
});
export const UpdateGroup = GroupSettings.partial();

/** Join links carry it. */
export const LinkToken = z.string().regex(/^[A-Za-z0-9_-]{22}$/, "must be the token of a join link");

/** What happened to the group, told in its own sequence. */
export const Change = z.discriminatedUnion("what", [
  z.object({ what: z.literal("created"), title: z.string() }),
  z.object({ what: z.literal("joined"), users: z.array(User) }),
  z.object({ what: z.literal("left") }),
  z.object({ what: z.literal("removed"), users: z.array(User) }),
  /** A new owner: the one before is an admin from then on. */
  z.object({ what: z.literal("role"), user: User, role: GroupRole }),
  z.object({ what: z.literal("settings"), settings: GroupSettings.partial() }),
  /** As it is from then on; missing when there is none any more. */
  z.object({ what: z.literal("assistant"), assistant: Assistant.optional() }),
]);
export type Change = z.infer<typeof Change>;

const Place = {
  conversation: Ulid,
  /** Its place: 1, 2, 3, without gaps. */
  seq: z.int().positive(),
  /** The conversation's version at which it last changed. */
  version: z.int().positive(),
  id: Ulid,
  sender: User,
  at: z.int(),
};

export const Message = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("sent"),
    ...Place,
    text: z.string().optional(),
    attachments: z.array(Attachment).optional(),
    mentions: z.array(Ulid).optional(),
    replyTo: z.int().positive().optional(),
    editedAt: z.int().optional(),
    /** An AI has written it. */
    assistant: z.literal(true).optional(),
  }),
  z.object({ kind: z.literal("recalled"), ...Place, recalledAt: z.int(), by: User }),
  z.object({ kind: z.literal("change"), ...Place, change: Change }),
]);
export type Message = z.infer<typeof Message>;

export const ConversationKind = z.enum(["direct", "group"]);

/** What a member sees of a conversation. */
export const Conversation = z.object({
  id: Ulid,
  kind: ConversationKind,
  /** The other one; in direct conversations only. */
  peer: User.optional(),
  group: GroupSettings.extend({
    number: z.string(),
    /** People; the assistant is not counted. */
    members: z.int(),
    role: GroupRole,
    /** Its instructions are shown to the owner and admins. */
    assistant: Assistant.extend({ instructions: z.string().optional() }).optional(),
  }).optional(),
  version: z.int().nonnegative(),
  head: z.int().nonnegative(),
  last: Message.optional(),
  unread: z.int().nonnegative(),
  mentions: z.int().nonnegative(),
  /** The first message that there may still be to see; `head + 1` when there is none. */
  oldestSeq: z.int().positive(),
  readSeq: z.int().nonnegative(),
  /** How far the other one has read; in direct conversations only. */
  peerReadSeq: z.int().nonnegative().optional(),
  /** How far a device has it, one's own and the other one's; in direct conversations only. */
  deliveredSeq: z.int().nonnegative().optional(),
  peerDeliveredSeq: z.int().nonnegative().optional(),
  muted: z.boolean(),
  pinned: z.boolean(),
  archived: z.boolean(),
  blocked: z.boolean(),
});
export type Conversation = z.infer<typeof Conversation>;

/** What somebody sees of a group he is not in. */
export const GroupSummary = z.object({
  id: Ulid,
  number: z.string(),
  title: z.string(),
  members: z.int().nonnegative(),
  join: JoinPolicy,
});
export type GroupSummary = z.infer<typeof GroupSummary>;

export const Joining = z.discriminatedUnion("state", [
  z.object({ state: z.literal("member"), conversation: Conversation }),
  /** An admin decides. */
  z.object({ state: z.literal("asked") }),
]);
export type Joining = z.infer<typeof Joining>;

export const MEMBERS_PAGE_MAX = 1_000;
export const INVITED_AT_ONCE_MAX = 100;

export const MemberState = z.enum(["member", "invited", "asked"]);
export const Member = z.object({
  user: User,
  role: GroupRole,
  /** Missing for people. */
  kind: z.literal("assistant").optional(),
});
export type Member = z.infer<typeof Member>;
/** In the order of the ids; `next` is the `after` of the next page. */
export const MemberPage = z.object({ members: z.array(Member), next: Ulid.optional() });
export type MemberPage = z.infer<typeof MemberPage>;

export const HISTORY_MAX = 200;
const Page = { limit: z.int().min(1).max(HISTORY_MAX) };
/** Which messages, by `seq`: before, after or around one. */
export const HistoryRange = z.union([
  z.strictObject({ before: z.int().positive(), ...Page }),
  z.strictObject({ after: z.int().nonnegative(), ...Page }),
  z.strictObject({ around: z.int().positive(), ...Page }),
]);
export type HistoryRange = z.infer<typeof HistoryRange>;

/** In the order of `seq`; whether there are older and newer ones that may be seen. */
export const History = z.object({
  messages: z.array(Message),
  older: z.boolean(),
  newer: z.boolean(),
  /** As in a conversation: what came before it is gone, or was never to be seen. */
  oldestSeq: z.int().positive(),
});
export type History = z.infer<typeof History>;

/** How far somebody has read. */
export const ReadCursor = z.object({
  conversation: Ulid,
  version: z.int().nonnegative(),
  user: Ulid,
  readSeq: z.int().nonnegative(),
});
export type ReadCursor = z.infer<typeof ReadCursor>;

/** How far a device of somebody's has it. */
export const DeliveryCursor = z.object({
  conversation: Ulid,
  version: z.int().nonnegative(),
  user: Ulid,
  deliveredSeq: z.int().nonnegative(),
});
export type DeliveryCursor = z.infer<typeof DeliveryCursor>;

/** What came before `oldestSeq` is kept no more. */
export const Swept = z.object({
  conversation: Ulid,
  version: z.int().nonnegative(),
  oldestSeq: z.int().positive(),
});
export type Swept = z.infer<typeof Swept>;

/** Each counts for the caller alone. */
export const OwnSettings = z.strictObject({ muted: z.boolean(), pinned: z.boolean(), archived: z.boolean() });
export type OwnSettings = z.infer<typeof OwnSettings>;
/** What a user has set for himself, on his other devices. */
export const OwnSettingsChanged = z.object({
  conversation: Ulid,
  version: z.int().nonnegative(),
  ...OwnSettings.shape,
  blocked: z.boolean(),
});
/** Somebody has asked to come in; for owner and admins. */
export const Asked = z.object({ conversation: Ulid, version: z.int().nonnegative(), user: User });

export const SYNC_MESSAGES_MAX = 500;
export const KNOWN_MAX = 1_000;

/** The versions a device knows; a conversation it does not name is new to it. */
export const Known = z.record(Ulid, z.int().nonnegative()).refine(
  (known) => Object.keys(known).length <= KNOWN_MAX,
  `must name at most ${KNOWN_MAX} conversations`,
);

/**
 * What changed in one conversation: messages new, edited or recalled since, in order of `version`, the last of which is
 * `version`. `skipped`: a device that knows nothing gets the newest only, and asks `chat.history` for more.
 */
export const ConversationDelta = z.discriminatedUnion("state", [
  z.object({
    state: z.literal("member"),
    conversation: Conversation,
    version: z.int().nonnegative(),
    messages: z.array(Message),
    skipped: z.boolean(),
  }),
  /** Not a member any more; the messages are those until then. */
  z.object({
    state: z.literal("gone"),
    conversation: z.object({ id: Ulid }),
    version: z.int().nonnegative(),
    messages: z.array(Message),
  }),
  /** Not a member yet: invited, or waiting for an admin. */
  z.object({
    state: z.enum(["invited", "asked"]),
    conversation: GroupSummary,
    version: z.int().nonnegative(),
    messages: z.array(Message).max(0),
  }),
]);
export type ConversationDelta = z.infer<typeof ConversationDelta>;

export const SyncResult = z.object({
  deltas: z.array(ConversationDelta),
  /** There is more: call again with the versions of this answer. */
  more: z.boolean(),
});

export const Sent = z.object({ conversation: Ulid, seq: z.int(), id: Ulid, at: z.int() });
export type Sent = z.infer<typeof Sent>;

/** To a conversation, or to a user: the first message to somebody makes the conversation. */
export const SendMessage = z.strictObject({
  conversation: Ulid.optional(),
  to: Ulid.optional(),
  /** The same id from the same sender is the same message, for ever. */
  id: ClientId,
  ...Draft.shape,
}).refine(saysSomething, SOMETHING).refine(
  ({ conversation, to }) => (conversation === undefined) !== (to === undefined),
  "must have either conversation or to",
);
