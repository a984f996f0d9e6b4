import { z } from "zod";
import { SetAssistant } from "./assistants.ts";
import {
  Asked,
  Conversation,
  CreateGroup,
  DeliveryCursor,
  Edit,
  GroupRole,
  GroupSummary,
  GroupTitle,
  History,
  HISTORY_MAX,
  INVITED_AT_ONCE_MAX,
  Joining,
  Known,
  LinkToken,
  MemberPage,
  MEMBERS_PAGE_MAX,
  MemberState,
  Message,
  OwnSettings,
  OwnSettingsChanged,
  ReadCursor,
  SendMessage,
  Sent,
  Swept,
  SYNC_MESSAGES_MAX,
  SyncResult,
  UpdateGroup,
} from "./chat.ts";
import { Ulid } from "./ids.ts";
import { ReportMessage } from "./reports.ts";
import { User } from "./users.ts";

const Empty = z.strictObject({});
const Seq = z.int().positive();
const conversation = Ulid;
const OneOfThem = z.strictObject({ conversation, user: Ulid });

/** A conversation by its id, or the direct one with a user, which need not have begun. */
const Addressed = { conversation: Ulid.optional(), to: Ulid.optional() };
type Fields = Readonly<Record<string, unknown>>;

function exactlyOne<const Names extends readonly string[]>(...names: Names) {
  const one = (params: Fields) => names.filter((name) => params[name] !== undefined).length === 1;
  return [one, `must have exactly one of ${names.join(", ")}`] as const;
}

const page = z.int().min(1);
export const FOUND_MAX = 50;
/** What no server goes beyond; how many it answers is its setting. */
export const PRESENCE_MAX = 1_000;

const FindGroups = z.strictObject({
  number: z.string().regex(/^\d{1,20}$/, "must be digits").optional(),
  /** What the title begins with. */
  title: GroupTitle.optional(),
  limit: page.max(FOUND_MAX).default(20),
}).refine(...exactlyOne("number", "title"));

const ReadHistory = z.strictObject({
  conversation,
  before: Seq.optional(),
  after: z.int().nonnegative().optional(),
  around: Seq.optional(),
  limit: page.max(HISTORY_MAX).default(50),
}).refine(...exactlyOne("before", "after", "around"));

export const Presence = z.object({
  user: Ulid,
  online: z.boolean(),
  /** To the minute; missing for whoever is online, was never seen, or does not show it. */
  lastSeenAt: z.int().optional(),
});
export type Presence = z.infer<typeof Presence>;

/** Calls about what is said between members. */
export const CHAT_METHODS = {
  "chat.sync": {
    summary:
      "What changed since the versions a device knows; from the answer on the socket is told what is new",
    params: z.strictObject({
      since: Known,
      /** Messages in all. */
      limit: page.max(SYNC_MESSAGES_MAX).default(SYNC_MESSAGES_MAX),
      /** Only conversations behind this id, and up to that one: who knows more than may be named asks range by range. */
      after: Ulid.optional(),
      until: Ulid.optional(),
    }),
    result: SyncResult,
  },
  "chat.open": {
    summary: "Look at a conversation, or at the direct one with somebody before it has begun",
    params: z.strictObject(Addressed).refine(...exactlyOne("conversation", "to")),
    result: Conversation,
  },
  "chat.send": {
    summary: "Send a message; acknowledged with its place when it is durable",
    params: SendMessage,
    result: Sent,
  },
  "chat.edit": {
    summary: "Put something else in the place of one's own message",
    params: z.strictObject({ conversation, ...Edit.shape }).refine(
      ({ text, attachments }) => text !== undefined || attachments !== undefined,
      "must have a text or attachments",
    ),
    result: Message,
  },
  "chat.recall": {
    summary: "Take a message back; admins take back anybody's",
    params: z.strictObject({ conversation, seq: Seq }),
    result: Message,
  },
  "chat.read": {
    summary: "Say how far one has read",
    params: z.strictObject({ conversation, seq: z.int().nonnegative() }),
    result: ReadCursor,
  },
  "chat.delivered": {
    summary: "Say how far one's device has a direct conversation; what was read is had",
    params: z.strictObject({ conversation, seq: z.int().nonnegative() }),
    result: DeliveryCursor,
  },
  "chat.report": {
    summary: "Tell those who run the server of a message; they get it as it stands now",
    params: z.strictObject({ conversation, ...ReportMessage.shape }),
    result: z.object({ id: Ulid }),
  },
  "chat.typing": {
    summary: "Show the others for five seconds that one is writing; repeated every three seconds at most",
    params: z.strictObject({ conversation }),
    result: Empty,
  },
  "chat.history": {
    summary: "Read messages before, after or around a place",
    params: ReadHistory,
    result: History,
  },
  "chat.settings": {
    summary: "Mute, pin or archive a conversation for oneself",
    params: z.strictObject({ conversation, ...OwnSettings.partial().shape }),
    result: Conversation,
  },
  "chat.block": {
    summary: "Hear nothing more of the other one in a direct conversation, or hear him again",
    params: z.strictObject({ ...Addressed, blocked: z.boolean() }).refine(
      ...exactlyOne("conversation", "to"),
    ),
    result: Conversation,
  },
  "chat.create": { summary: "Make a group", params: CreateGroup, result: Conversation },
  "chat.find": {
    summary: "Find groups by number, or by the beginning of the title",
    params: FindGroups,
    result: z.object({ groups: z.array(GroupSummary) }),
  },
  "chat.preview": {
    summary: "Look at a group before joining it",
    params: z.strictObject({ conversation, link: LinkToken.optional() }),
    result: GroupSummary,
  },
  "chat.join": {
    summary: "Join a group, take an invitation, or ask to be let in",
    params: z.strictObject({ conversation, link: LinkToken.optional() }),
    result: Joining,
  },
  "chat.leave": {
    summary: "Leave a group, turn an invitation down, or take a request back",
    params: z.strictObject({ conversation }),
    result: Empty,
  },
  "chat.invite": {
    summary: "Invite people to a group; answers who is now invited or a member",
    params: z.strictObject({ conversation, users: z.array(Ulid).min(1).max(INVITED_AT_ONCE_MAX) }),
    result: z.object({ users: z.array(Ulid) }),
  },
  "chat.approve": { summary: "Let somebody in who has asked", params: OneOfThem, result: Empty },
  "chat.decline": {
    summary: "Decline a request, or withdraw an invitation",
    params: OneOfThem,
    result: Empty,
  },
  "chat.remove": { summary: "Remove somebody from a group", params: OneOfThem, result: Empty },
  "chat.role": {
    summary: "Make a member an admin, or an admin a member",
    params: OneOfThem.extend({ role: GroupRole.exclude(["owner"]) }),
    result: Empty,
  },
  "chat.transfer": { summary: "Make another member the owner", params: OneOfThem, result: Empty },
  "chat.update": {
    summary: "Change the settings of a group",
    params: z.strictObject({ conversation, ...UpdateGroup.shape }),
    result: Conversation,
  },
  "chat.assistant": {
    summary: "Set the AI that answers in a group who mentions it, or with null remove it",
    params: z.strictObject({ conversation, assistant: SetAssistant.nullable() }),
    result: Conversation,
  },
  "chat.link": {
    summary: "The token that lets whoever has it join",
    params: z.strictObject({ conversation }),
    result: z.object({ link: LinkToken }),
  },
  "chat.unlink": {
    summary: "Make the token good for nothing",
    params: z.strictObject({ conversation }),
    result: Empty,
  },
  "chat.members": {
    summary: "The members of a group, the invited, or those who have asked to join",
    params: z.strictObject({
      conversation,
      state: MemberState.default("member"),
      after: Ulid.optional(),
      limit: page.max(MEMBERS_PAGE_MAX).default(100),
    }),
    result: MemberPage,
  },
  "chat.presence": {
    summary:
      "Who of these is online; the socket is told of changes for five minutes, or until it names others",
    params: z.strictObject({ users: z.array(Ulid).max(PRESENCE_MAX) }),
    result: z.object({ users: z.array(Presence) }),
  },
} as const satisfies Record<string, { summary: string; params: z.ZodType; result: z.ZodType }>;

export type ChatMethod = keyof typeof CHAT_METHODS;

const [MessageSent, MessageRecalled, MessageOfChange] = Message.options;

/** What members are told; each socket is, once it has synced. */
export const CHAT_NOTIFICATIONS = {
  "chat.message": {
    summary: "A message, new or edited, or a change of the group in its place among them",
    params: z.discriminatedUnion("kind", [MessageSent, MessageOfChange]),
  },
  "chat.recalled": { summary: "A message was taken back", params: MessageRecalled },
  "chat.read": {
    summary: "Somebody has read so far: oneself elsewhere, or the other one",
    params: ReadCursor,
  },
  "chat.delivered": {
    summary: "A device has it so far: one's own, or the other one's",
    params: DeliveryCursor,
  },
  "chat.swept": { summary: "Older messages are kept no more", params: Swept },
  "chat.settings": { summary: "What one has set on another device", params: OwnSettingsChanged },
  "chat.asked": { summary: "Somebody asks to join; for owner and admins", params: Asked },
  "chat.typing": {
    summary: "Somebody is writing",
    params: z.object({
      conversation,
      user: User,
      /** Milliseconds; over unless it is said again. */
      forMs: z.int().positive(),
    }),
  },
  "chat.presence": { summary: "Somebody came online, or went", params: Presence },
  "chat.stale": {
    summary:
      "Call chat.sync: until then nothing more of this conversation is told, or of any, when none is named",
    params: z.object({ conversation: conversation.optional() }),
  },
} as const satisfies Record<string, { summary: string; params: z.ZodType }>;
