import type { GroupRole, GroupSettings, MemberPage } from "protocol/chat.ts";
import type { Params } from "protocol/methods.ts";
import type { ReportReason } from "protocol/reports.ts";
import type { Draft } from "./draft.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import type { ConversationView, ShownMessage } from "./views.ts";

/** `member`, `invited`, or `asked`. */
export type MemberState = NonNullable<Params<"chat.members">["state"]>;
export type Member = MemberPage["members"][number];

export interface ConversationEvents {
  /** `messages`, `hasOlder` or `hasNewer` are others now; many changes at once are told once. */
  messages: [];
  /** `view` is another one now; undefined is never told. */
  view: [ConversationView];
}

/**
 * One conversation. All methods that ask the server reject with a `BarrageCallError`; those of groups answer `conflict`
 * in direct conversations. What they change is shown when the server has told it, not before.
 */
export interface ChatConversation {
  readonly id: string;
  /** Undefined while nothing is known of it. */
  readonly view: ConversationView | undefined;
  /**
   * A stretch without gaps, the oldest first, which ends with the newest unless `hasNewer`; then own ones that are on
   * their way. A new array whenever something of it changes.
   */
  readonly messages: readonly ShownMessage[];
  readonly hasOlder: boolean;
  /** True after `around`, or when so many older ones were read that the newest were let go. */
  readonly hasNewer: boolean;

  on<Name extends keyof ConversationEvents>(
    name: Name,
    listener: (...args: ConversationEvents[Name]) => void,
  ): () => void;

  /**
   * Shown at once, resolves when it is kept; a text alone, or more.
   * @throws {BarrageCallError} `overloaded` when too much waits to be sent, `too_large` for a message too large to keep.
   */
  send(draft: string | Draft): Promise<OutgoingMessage>;
  /** Shows older ones too; false when there are none. */
  older(limit?: number): Promise<boolean>;
  newer(limit?: number): Promise<boolean>;
  /** Shows what stands around a message instead. */
  around(seq: number, limit?: number): Promise<void>;
  /** Back to the newest. */
  newest(limit?: number): Promise<void>;

  /** Counts at once here and, a moment later, for all; up to the newest unless told how far. Never goes back. */
  read(upTo?: number): void;
  /** To be called at every key; the others are told as often as the server likes. */
  typing(): void;
  edit(seq: number, draft: string | Omit<Draft, "replyTo">): Promise<void>;
  recall(seq: number): Promise<void>;
  /** Tells those who run the server of a message. */
  report(seq: number, reason: ReportReason, note?: string): Promise<void>;

  mute(muted: boolean): Promise<void>;
  pin(pinned: boolean): Promise<void>;
  archive(archived: boolean): Promise<void>;
  /** In direct conversations. */
  block(blocked: boolean): Promise<void>;

  /** Takes an invitation, or joins with or without a link; `asked` when an admin decides. */
  join(link?: string): Promise<"member" | "asked">;
  /** Leaves, turns an invitation down, or takes a request back. */
  leave(): Promise<void>;
  members(
    page?: { state?: MemberState; after?: string; limit?: number },
  ): Promise<MemberPage>;
  /** All pages of `members`, one after the other. */
  eachMember(state?: MemberState): AsyncIterable<Member>;
  /** Answers who is now invited or a member. */
  invite(users: readonly string[]): Promise<readonly string[]>;
  approve(user: string): Promise<void>;
  /** Declines a request, or withdraws an invitation. */
  decline(user: string): Promise<void>;
  remove(user: string): Promise<void>;
  setRole(user: string, role: Exclude<GroupRole, "owner">): Promise<void>;
  transfer(user: string): Promise<void>;
  /** Title, announcement, way of joining, mute all, history for newcomers. */
  update(settings: Partial<GroupSettings>): Promise<void>;
  /** The AI of the group as it is now; the owner and admins see what it is told. */
  assistant(): Promise<NonNullable<ConversationView["group"]>["assistant"]>;
  /** The AI that answers here who mentions it; null removes it. */
  setAssistant(assistant: Params<"chat.assistant">["assistant"]): Promise<void>;
  /** The token that lets whoever has it join. */
  link(): Promise<string>;
  unlink(): Promise<void>;
}
