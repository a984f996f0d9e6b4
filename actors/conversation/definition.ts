import { z } from "zod";
import {
  Conversation,
  ConversationDelta,
  CreateGroup,
  DeliveryCursor,
  Draft,
  Edit,
  GroupRole,
  GroupSummary,
  History,
  HistoryRange,
  INVITED_AT_ONCE_MAX,
  Joining,
  LinkToken,
  MemberPage,
  MEMBERS_PAGE_MAX,
  MemberState,
  Message,
  OwnSettings,
  ReadCursor,
  saysSomething,
  Sent,
  SYNC_MESSAGES_MAX,
  UpdateGroup,
} from "protocol/chat.ts";
import { News } from "actors/ai/assistant/inquiry.ts";
import { SetAssistant } from "protocol/assistants.ts";
import { ClientId, Ulid } from "protocol/ids.ts";
import { ReportMessage } from "protocol/reports.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Nothing = z.strictObject({});
const OneUser = z.strictObject({ user: Ulid });
/** Who the other one is, where a direct conversation may not exist yet. */
const Peer = { peer: Ulid.optional() };
const Link = { link: LinkToken.optional() };

export const AMONG_MAX = 10_000;
const SWEPT_MAX = 1_000;

export const Sending = z.strictObject({ ...Peer, id: ClientId, ...Draft.shape }).refine(saysSomething);

export const conversationActor = defineActor({
  kind: "conversation",
  placement: "shard",
  key: Ulid,
  noun: "conversation",
  verbs: {
    open: { input: z.strictObject(Peer), output: Conversation },
    send: { input: Sending, output: Sent, batched: 256 },
    edit: { input: Edit, output: Message },
    recall: { input: z.strictObject({ seq: z.int().positive() }), output: Message },
    read: { input: z.strictObject({ seq: z.int().nonnegative() }), output: ReadCursor, batched: 256 },
    delivered: {
      input: z.strictObject({ seq: z.int().nonnegative() }),
      output: DeliveryCursor,
      batched: 256,
    },
    /** Seen by those who run the server alone. */
    report: { input: ReportMessage, output: z.object({ id: Ulid }) },
    /** Seen by the others who are there, for a moment. */
    typing: { input: Nothing, output: Nothing },
    settings: { input: OwnSettings.partial(), output: Conversation },
    block: { input: z.strictObject({ ...Peer, blocked: z.boolean() }), output: Conversation },
    /** What changed since a version that a device knows; the newest messages for one that knows nothing. */
    since: {
      input: z.strictObject({
        version: z.int().nonnegative().optional(),
        limit: z.int().min(1).max(SYNC_MESSAGES_MAX),
      }),
      output: z.object({ delta: ConversationDelta, more: z.boolean() }),
    },
    history: { input: HistoryRange, output: History },

    create: { input: CreateGroup, output: Conversation },
    preview: { input: z.strictObject(Link), output: GroupSummary },
    join: { input: z.strictObject(Link), output: Joining },
    /** Also turns an invitation down, and takes a request back. */
    leave: { input: Nothing, output: Nothing },
    invite: {
      input: z.strictObject({ users: z.array(Ulid).min(1).max(INVITED_AT_ONCE_MAX) }),
      /** Those who are now invited, or members. */
      output: z.object({ users: z.array(Ulid) }),
    },
    approve: { input: OneUser, output: Nothing },
    /** A request, or an invitation. */
    decline: { input: OneUser, output: Nothing },
    remove: { input: OneUser, output: Nothing },
    role: { input: OneUser.extend({ role: GroupRole.exclude(["owner"]) }), output: Nothing },
    transfer: { input: OneUser, output: Nothing },
    update: { input: UpdateGroup, output: Conversation },
    /** Null removes it. */
    setAssistant: {
      input: z.strictObject({ assistant: SetAssistant.nullable() }),
      output: Conversation,
    },
    /** The conversation's own timers: what its assistant is asked is brought on. */
    assist: { input: z.strictObject({ wake: z.boolean().default(false) }), output: Nothing, reserved: true },
    /** From itself: where an answer stands. */
    heard: { input: News, output: Nothing, reserved: true },
    /** Makes the token of the join link, if there is none. */
    link: { input: Nothing, output: z.object({ link: LinkToken }) },
    unlink: { input: Nothing, output: Nothing },
    members: {
      input: z.strictObject({
        state: MemberState.default("member"),
        after: Ulid.optional(),
        limit: z.int().min(1).max(MEMBERS_PAGE_MAX),
      }),
      output: MemberPage,
    },
    /** For nodes: who of these is a member, and since which version nobody has come or gone. */
    membersAmong: {
      input: z.strictObject({ users: z.array(Ulid).max(AMONG_MAX) }),
      output: z.object({ version: z.int().nonnegative(), members: z.array(Ulid) }),
    },
    /** For the sweeper: lets go of what by `now` was kept long enough, at most `limit` messages. */
    sweep: {
      input: z.strictObject({ now: z.int(), limit: z.int().min(1).max(SWEPT_MAX) }),
      output: z.object({ swept: z.int().nonnegative() }),
    },
  },
});

export type ConversationVerbs = typeof conversationActor["verbs"];
export type ConversationVerb = keyof ConversationVerbs;
