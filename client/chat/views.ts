import type { Conversation, ConversationDelta, GroupSettings, Message } from "protocol/chat.ts";
import type { User } from "protocol/users.ts";
import type { BarrageCallError } from "../errors.ts";
import type { OutgoingMessage, OutgoingState } from "./outgoing.ts";

/** One's part in a conversation; in `gone` what was said until then can still be read here. */
export type Standing = ConversationDelta["state"];

/** Of one's own message: the server has it, a device of the other one's has it, he has read it. */
export type Receipt = "sent" | "delivered" | "read";

export interface GroupView extends Partial<Omit<GroupSettings, "title">> {
  readonly number: string;
  /** How many people there are. */
  readonly members: number;
  readonly assistant?: NonNullable<Conversation["group"]>["assistant"];
  /** One's own; missing where one is not a member. */
  readonly role?: NonNullable<Conversation["group"]>["role"] | undefined;
}

/** A conversation as a list shows it; a new object whenever something of it changes. */
export interface ConversationView {
  readonly id: string;
  readonly kind: Conversation["kind"];
  readonly standing: Standing;
  /** The title of a group, or the name of the other one. */
  readonly title: string;
  /** In direct conversations only. */
  readonly peer?: User | undefined;
  /** In groups only. */
  readonly group?: GroupView | undefined;
  /** Messages there are; the `seq` of the newest. */
  readonly head: number;
  readonly last?: Message | undefined;
  /** When something was said last, in milliseconds since 1970; 0 when nothing was. */
  readonly lastAt: number;
  readonly unread: number;
  readonly mentions: number;
  /** How far one has read oneself. */
  readonly readSeq: number;
  /** How far the other one has read; in direct conversations only, and not when he hides it. */
  readonly peerReadSeq?: number | undefined;
  /** How far a device of his has it. */
  readonly peerDeliveredSeq?: number | undefined;
  /** The first message there may still be to see; `head + 1` when there is none. */
  readonly oldestSeq: number;
  readonly muted: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** Whether one has blocked the other one. */
  readonly blocked: boolean;
  /** Who is writing now. */
  readonly typing: readonly User[];
  /** Own messages that are still to be sent, and those that could not be. */
  readonly sending: number;
  readonly failed: number;
}

/** A line of a conversation. Its `key` stays the same from writing to reading, also across the change from one to the other. */
export type ShownMessage =
  | {
    readonly shown: "stored";
    readonly key: string;
    readonly own: boolean;
    readonly message: Message;
    /** Of one's own messages in direct conversations; elsewhere `sent`. Missing on those of others. */
    readonly receipt?: Receipt;
  }
  /** On its way, or failed; always behind those that are stored, and not there while `hasNewer`. */
  | {
    readonly shown: "outgoing";
    readonly key: string;
    readonly own: true;
    readonly outgoing: OutgoingMessage;
    /** As it was when this line was made. */
    readonly state: OutgoingState;
  };

/** `off` until started, and for good where the server lets one chat with nobody (guests). */
export type ChatState =
  | { readonly status: "off" }
  /** No connection, or what happened meanwhile is being fetched; what is shown may be old. */
  | { readonly status: "syncing" }
  | { readonly status: "live" }
  | { readonly status: "refused"; readonly error: BarrageCallError };
