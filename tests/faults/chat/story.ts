import type { ConversationDelta, Message, ReadCursor } from "protocol/chat.ts";

/** What people who chat did and saw, told by their devices, and what the database holds in the end. */
export interface Story {
  readonly deeds: readonly Deed[];
  readonly devices: readonly DeviceStory[];
  readonly conversations: ReadonlyMap<string, Stored>;
}

/** One time that a call went out. Times are milliseconds on the one monotonic clock of whoever tells the story. */
export interface Try {
  /** Names the socket. */
  readonly socket: string;
  readonly at: number;
  /** `ok`, or the reason of the error; undefined when none came. */
  readonly answer: string | undefined;
  readonly answeredAt: number | undefined;
  readonly result: unknown;
}

/** What somebody wants done. */
export type Act =
  | { readonly what: "send"; readonly clientId: string; readonly text: string }
  | { readonly what: "edit"; readonly seq: number; readonly text: string }
  | { readonly what: "recall"; readonly seq: number }
  | { readonly what: "read"; readonly seq: number }
  | { readonly what: "block"; readonly blocked: boolean }
  | { readonly what: "remove" | "invite" | "approve"; readonly target: string }
  | { readonly what: "create" | "update"; readonly historyForNewcomers: boolean }
  | { readonly what: "join" | "leave" };

/** One of it, however often it was tried. */
export interface Deed {
  readonly user: string;
  readonly conversation: string;
  readonly act: Act;
  readonly tries: readonly Try[];
}

export type Sight =
  /** A new socket, of which nothing was asked yet. */
  | { readonly kind: "opened"; readonly at: number }
  | { readonly kind: "told"; readonly at: number; readonly message: Message }
  | { readonly kind: "read"; readonly at: number; readonly cursor: ReadCursor }
  /** Undefined: every conversation. */
  | { readonly kind: "stale"; readonly at: number; readonly conversation: string | undefined }
  | {
    readonly kind: "synced";
    readonly at: number;
    readonly askedAt: number;
    readonly since: Readonly<Record<string, number>>;
    readonly deltas: readonly ConversationDelta[];
  }
  | {
    readonly kind: "history";
    readonly at: number;
    readonly askedAt: number;
    readonly conversation: string;
    readonly messages: readonly Message[];
  };

/** What a device has kept of a conversation in the end. */
export interface Copy {
  readonly state: ConversationDelta["state"];
  /** In the order of `seq`. */
  readonly messages: readonly Message[];
}

export interface DeviceStory {
  readonly device: string;
  readonly user: string;
  /** It knew nothing when all was over. */
  readonly fresh: boolean;
  /** In the order in which it saw it. */
  readonly sights: readonly Sight[];
  readonly copies: ReadonlyMap<string, Copy>;
  /** Conversations of which it had not heard the last, though all was well, until it was made to ask. */
  readonly behind: readonly string[];
}

export interface StoredMessage {
  readonly message: Message;
  readonly clientId?: string;
}

export interface StoredMember {
  readonly user: string;
  readonly state: string;
  readonly visibleFrom: number;
  readonly readSeq: number;
}

/** The rows of a conversation in the database. */
export interface Stored {
  readonly kind: "direct" | "group";
  /** In the order of `seq`. */
  readonly messages: readonly StoredMessage[];
  readonly members: readonly StoredMember[];
}

export type ChatFault =
  /** Acked, and not there, or not any more as it was acked. */
  | "lost"
  | "doubled"
  | "hole"
  | "overtaken"
  /** Two tellings of one thing that do not fit together. */
  | "differs"
  /** Seen by somebody who may not. */
  | "leaked"
  /** Done by somebody who may not. */
  | "intruded"
  | "recalled_seen"
  /** An answer older than what was acked before it was asked for. */
  | "outdated"
  /** Told on a socket that had not synced, or was told to. */
  | "untimely"
  | "missing"
  | "behind"
  /** Answered with an error that no caller should ever see. */
  | "failed"
  | "miscounted";

export interface ChatViolation {
  readonly fault: ChatFault;
  /** What was seen, for a person. */
  readonly detail: string;
}
