import type { Message } from "protocol/chat.ts";
import type { Presence } from "protocol/chat_methods.ts";
import type { User } from "protocol/users.ts";
import type { CallMethod } from "../call.ts";
import type { Clock } from "../clock.ts";
import { ChatSync } from "./chat_sync.ts";
import { ConversationBook } from "./conversation_book.ts";
import { CursorReports } from "./cursor_reports.ts";
import type { ChatLimits } from "./limits.ts";
import { MessageOutbox } from "./message_outbox.ts";
import type { KeptMessage, OutboxStore } from "./outbox_store.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { PresenceWatch } from "./presence_watch.ts";
import type { Ulids } from "./ulids.ts";
import type { ChatState, ConversationView } from "./views.ts";

interface LifeParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  readonly ids: Ulids;
  readonly now: () => number;
  readonly store: OutboxStore;
  readonly limits: ChatLimits;
  readonly state: (state: ChatState) => void;
  readonly listed: (list: readonly ConversationView[]) => void;
  readonly said: (message: Message) => void;
  readonly failed: (outgoing: OutgoingMessage) => void;
  readonly storeFailed: (error: unknown) => void;
  readonly presence: (presence: Presence) => void;
}

/** Chat of one user, over one link after the other. */
export class ChatLife {
  readonly book: ConversationBook;
  readonly sync: ChatSync;
  readonly presence: PresenceWatch;
  readonly #outbox: MessageOutbox;
  readonly #reports: CursorReports;
  #user: User | undefined;
  #open = false;

  constructor(parts: LifeParts) {
    const { call, clock, random, ids, now, store, limits } = parts;
    const user = () => this.#user?.id ?? "";
    const isOpen = () => this.#open;
    this.#reports = new CursorReports({ call, clock, random, isOpen });
    this.presence = new PresenceWatch({ call, clock, random, isOpen, told: parts.presence });
    this.book = new ConversationBook({
      ...{ limits, call, clock, now, isOpen, reports: this.#reports },
      self: {
        get id() {
          return user();
        },
      },
      outbox: () => this.#outbox,
      isLive: () => this.sync.state.status === "live",
      isFollowing: () => this.sync.state.status !== "off" && this.sync.state.status !== "refused",
      listed: parts.listed,
      said: parts.said,
    });
    this.#outbox = new MessageOutbox({
      ...{ store, limits, ids, clock, now, random, isOpen },
      headOf: (conversation) => this.book.headOf(conversation),
      send: (message) => call("chat.send", asSent(message)),
      changed: (conversation) => this.book.changed(conversation),
      failed: parts.failed,
      storeFailed: parts.storeFailed,
    });
    this.sync = new ChatSync({
      ...{ call, clock, random },
      known: () => this.book.known(),
      apply: (deltas, since, more) => this.book.apply(deltas, since, more),
      changed: (state) => {
        parts.state(state);
        if (state.status === "live") this.#findUnsent();
      },
    });
  }

  get state(): ChatState {
    return this.sync.state;
  }

  get user(): User | undefined {
    return this.#user;
  }

  begin(user: User): void {
    this.#user = user;
    this.#open = true;
    this.sync.opened();
    this.#outbox.begin(user.id);
    this.#reports.begin();
    this.presence.begin();
  }

  pause(): void {
    this.#open = false;
    this.sync.lost();
    this.#outbox.pause();
    this.#reports.pause();
    this.presence.pause();
    this.book.pause();
  }

  /** Those that a sync knows nothing of, one after the other. */
  async #findUnsent(): Promise<void> {
    for (const address of this.#outbox.addresses()) await this.book.find(address);
  }

  close(): void {
    this.pause();
    this.#outbox.close();
  }
}

/** Who it is for, rather than where, in a direct conversation: it begins with its first message. */
function asSent({ id, conversation, to, draft: { text, attachments, mentions, replyTo } }: KeptMessage) {
  return {
    id,
    ...(to === undefined ? { conversation } : { to }),
    ...(text === undefined ? {} : { text }),
    ...(attachments === undefined ? {} : { attachments: [...attachments] }),
    ...(mentions === undefined ? {} : { mentions: [...mentions] }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}
