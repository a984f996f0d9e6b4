import type { GroupSummary, Message } from "protocol/chat.ts";
import type { Presence } from "protocol/chat_methods.ts";
import type { Params } from "protocol/methods.ts";
import type { User } from "protocol/users.ts";
import type { ChatConversation } from "./conversation.ts";
import type { ChatLimits } from "./limits.ts";
import type { OutboxStore } from "./outbox_store.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import type { ChatState, ConversationView } from "./views.ts";

export interface ChatOptions {
  /** Where own messages wait until the server has them. @default {new MemoryOutboxStore()} */
  readonly outbox?: OutboxStore;
  readonly limits?: Partial<ChatLimits>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface ChatEvents {
  state: [ChatState];
  /** `conversations` is another list now; many changes at once are told once. */
  conversations: [readonly ConversationView[]];
  /** Somebody else said something just now; not told of what was missed. */
  message: [Message];
  /** A message of one's own will not be tried again by itself. */
  failed: [OutgoingMessage];
  presence: [Presence];
  /** The store of unsent messages failed; what it was about is still known here, and may be lost or tried again later. */
  storeFailed: [unknown];
  /** Somebody asks to join a group that one looks after. */
  asked: [{ readonly conversation: string; readonly user: User }];
}

/** Everybody one talks to. `barrage.chat`; goes live with the first `start()`, and stays so across reconnects. */
export interface Chat {
  readonly state: ChatState;
  /** Oneself, once connected. */
  readonly user: User | undefined;
  /**
   * Pinned ones first, archived ones last, within each those with the newest message first; invitations and groups that
   * one has asked to join are among them (`standing`), those one has left are not. The same array until something changes.
   */
  readonly conversations: readonly ConversationView[];

  on<Name extends keyof ChatEvents>(name: Name, listener: (...args: ChatEvents[Name]) => void): () => void;

  /**
   * Resolves when everything missed has been fetched.
   * @throws {BarrageCallError} `forbidden` where the server lets one chat with nobody, or why there is no connection.
   */
  start(): Promise<void>;
  /** The same object for the same id. */
  conversation(id: string): ChatConversation;
  /** The direct conversation with somebody, which need not have begun. @throws {BarrageCallError} `not_found`. */
  open(user: string): Promise<ChatConversation>;
  createGroup(settings: Omit<Params<"chat.create">, "id">): Promise<ChatConversation>;
  /** By number, or by the beginning of the title. */
  findGroups(what: { number: string } | { title: string }, limit?: number): Promise<readonly GroupSummary[]>;
  /** A group before one joins it. */
  preview(conversation: string, link?: string): Promise<GroupSummary>;
  /** Who is online of these, told by `presence` from now on, until the next call names others; at most 200. */
  watchPresence(users: readonly string[]): void;
  /** What was told last; undefined of those who are not watched. */
  presenceOf(user: string): Presence | undefined;
}
