import type { GroupRole, GroupSettings, Message } from "protocol/chat.ts";
import type { User } from "protocol/users.ts";
import type { Write } from "./lane.ts";

export interface DirectRecord {
  readonly kind: "direct";
  readonly id: string;
  readonly createdAt: number;
}

export interface AssistantRecord {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  readonly enabled: boolean;
}

/** What somebody has asked the assistant of a group, and is to be answered. */
export interface QuestionRecord {
  readonly seq: number;
  /** Id of the answer, and of the message that will say it. */
  readonly answer: string;
  readonly asker: User;
  readonly at: number;
}

export interface GroupRecord {
  readonly kind: "group";
  readonly id: string;
  readonly createdAt: number;
  /** Unique; people tell it each other. */
  readonly number: string;
  readonly settings: GroupSettings;
  /** The token of the join link; missing when there is none. */
  readonly link?: string;
  readonly assistant?: AssistantRecord;
  /** In the order asked; missing when there are none. */
  readonly questions?: readonly QuestionRecord[];
}

export type ConversationRecord = DirectRecord | GroupRecord;

export interface MemberRecord {
  readonly user: User;
  readonly state: "member" | "invited" | "asked" | "left" | "removed";
  /** `member` in direct conversations. */
  readonly role: GroupRole;
  /** The first message they may see. */
  readonly visibleFrom: number;
  /** The last one, once they are gone. */
  readonly leftSeq?: number;
  readonly readSeq: number;
  /** How far a device of theirs has it; at least as far as they have read. In direct conversations only. */
  readonly deliveredSeq: number;
  /** The conversation's version at which this row changed last. */
  readonly version: number;
  readonly muted: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** They want to hear nothing from the other one; in direct conversations only. */
  readonly blocked: boolean;
}

export interface MessageRecord {
  readonly message: Message;
  /** What its sender's client called it; missing in what the server says. */
  readonly clientId?: string;
}

export interface StoredConversation {
  readonly record: ConversationRecord;
  /** Members, and who is invited or has asked; those who have gone are read one by one. */
  readonly members: readonly MemberRecord[];
  /** The greatest version of any of its rows, and of its messages alone. */
  readonly version: number;
  readonly messageVersion: number;
  readonly head: number;
  /** The first message that is kept; `head + 1` when none is. */
  readonly firstSeq: number;
}

/** What came before `firstSeq` went at `version`; what is kept or still to come is not older than `oldestAt`. */
export interface SweptRecord {
  readonly firstSeq: number;
  /** Missing when nothing went. */
  readonly version?: number;
  readonly oldestAt: number;
}

/** An empty `link` removes it, and null the assistant. */
export type ConversationPatch =
  & Partial<Pick<GroupRecord, "settings" | "link" | "questions">>
  & { readonly assistant?: AssistantRecord | null; readonly swept?: SweptRecord };

export interface ConversationStore {
  /**
   * `beside` is written in the same transaction.
   * @returns "exists" when the id is taken, "number_taken" when the number is; nothing is written then.
   */
  create(
    conversation: ConversationRecord,
    epoch: number,
    beside: readonly Write[],
  ): Promise<"created" | "exists" | "number_taken">;
  /**
   * Raises the fence to `epoch`, then reads.
   * @throws {FencedError} when a newer epoch owns the conversation.
   */
  acquire(id: string, epoch: number): Promise<StoredConversation | undefined>;
  update(id: string, patch: ConversationPatch): Write;
  /**
   * Ids of conversations that may hold messages from before `before`, or by `now` older ones than their group keeps; the
   * longest overdue first. `limit` 1-1,000.
   */
  overdue(by: { readonly before?: number; readonly now: number }, limit: number): Promise<string[]>;
  /** Groups that do not live by invitation alone: the one with the number, or those whose title begins so. `limit` 1-100. */
  find(by: { number: string } | { title: string }, limit: number): Promise<FoundGroup[]>;
}

export interface FoundGroup {
  readonly group: GroupRecord;
  readonly members: number;
}

export interface Membership {
  readonly conversation: string;
  readonly state: MemberRecord["state"];
  /** Nothing that concerns the user has changed since; for those who are gone, not even before. */
  readonly version: number;
}

export interface MembershipStore {
  /** Adds the rows or replaces those of the same users. */
  put(conversation: string, members: readonly MemberRecord[]): Write;
  read(conversation: string, user: string): Promise<MemberRecord | undefined>;
  /** In the order of the users' ids. `limit` 1-1,000. */
  page(
    conversation: string,
    state: MemberRecord["state"],
    page: { after?: string; limit: number },
  ): Promise<MemberRecord[]>;
  /** In the order of the conversations' ids, up to `until`, those gone from too. `limit` 1-10,000. */
  ofUser(user: string, page: { after?: string; until?: string; limit: number }): Promise<Membership[]>;
  /** How many conversations the user is in or has asked to join. */
  count(user: string): Promise<number>;
  /** Which of these direct conversations a user has blocked the other one in. */
  blocked(conversations: readonly string[]): Promise<{ conversation: string; by: string }[]>;
}

/** A place in the order of `seq`, both ends included. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export interface SentRecord {
  readonly sender: string;
  readonly clientId: string;
  readonly seq: number;
  readonly id: string;
  readonly at: number;
}

export interface MessageStore {
  /** The unit fails with `conflict` when a sender has used a client id in this conversation before. */
  append(messages: readonly MessageRecord[]): readonly Write[];
  /** Edited or recalled: the row says from then on what `message` says. */
  rewrite(message: Message): Write;
  /** In ascending order, at most `limit` of them: the first ones, or the last. */
  range(
    conversation: string,
    range: SeqRange,
    limit: number,
    end: "first" | "last",
  ): Promise<MessageRecord[]>;
  /**
   * In the order of their versions: those of the range that changed after one version and not after another, which must
   * not be less than that of the range's last message.
   */
  changed(
    conversation: string,
    range: SeqRange,
    versions: { readonly after: number; readonly to: number },
    limit: number,
  ): Promise<Message[]>;
  /** What of this was sent, ever. */
  sent(
    conversation: string,
    ids: readonly { readonly sender: string; readonly clientId: string }[],
  ): Promise<SentRecord[]>;
  /** How many messages after `seq` the user has sent, and how many mention him. */
  countAfter(conversation: string, user: string, seq: number): Promise<{ own: number; mentions: number }>;
  /**
   * How far the messages from `from` on are older than a time, without a hole, in at most `limit` of them.
   * @returns The first one that is not, or was not looked at, and when it was sent; `at` is missing when there is none.
   */
  olderThan(
    conversation: string,
    from: number,
    before: number,
    limit: number,
  ): Promise<{ readonly seq: number; readonly at?: number }>;
  /** Leaves nothing of the messages of the range but who sent each under which id, so that a retry stays one. */
  sweep(conversation: string, range: SeqRange): Write;
  /** In which of these direct conversations a user has ever sent something. */
  spoken(
    by: readonly { readonly conversation: string; readonly user: string }[],
  ): Promise<ReadonlySet<string>>;
  /** Whether anybody but this user has ever sent something. */
  answered(conversation: string, user: string): Promise<boolean>;
  /**
   * Seals the bodies anew that are not sealed with the newest key, in the order of the rows after `after`.
   * @returns The last row looked at; undefined when there are no more.
   */
  reseal(
    after: { readonly conversation: string; readonly seq: number } | undefined,
    limit: number,
  ): Promise<{ conversation: string; seq: number; looked: number; resealed: number } | undefined>;
}
