import type { GroupSummary } from "protocol/chat.ts";
import type { Presence } from "protocol/chat_methods.ts";
import type { Notification, NotificationParams, Params } from "protocol/methods.ts";
import type { User } from "protocol/users.ts";
import type { CallMethod } from "../call.ts";
import type { Clock } from "../clock.ts";
import { defer, type Deferred } from "../deferred.ts";
import { Emitter } from "../emitter.ts";
import { BarrageCallError } from "../errors.ts";
import type { Chat, ChatEvents, ChatOptions } from "./chat.ts";
import { ChatLife } from "./chat_life.ts";
import type { ChatConversation } from "./conversation.ts";
import { DEFAULT_CHAT_LIMITS } from "./limits.ts";
import { MemoryOutboxStore } from "./outbox_store.ts";
import { Ulids } from "./ulids.ts";
import type { ChatState, ConversationView } from "./views.ts";

interface ClientParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  readonly connect: () => Promise<void>;
  readonly options: ChatOptions;
}

/** Chat over whatever link there is. Somebody else than before gets a life of his own, and sees nothing of the one before. */
export class ChatClient implements Chat {
  readonly #parts: ClientParts;
  readonly #events = new Emitter<ChatEvents>();
  readonly #ids: Ulids;
  readonly #waiting = new Set<Deferred<void>>();
  #life: ChatLife;
  #wanted = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#ids = new Ulids(parts.options.now ?? Date.now);
    this.#life = this.#newLife();
  }

  get state(): ChatState {
    return this.#life.state;
  }

  get user(): User | undefined {
    return this.#life.user;
  }

  get conversations(): readonly ConversationView[] {
    return this.#life.book.list;
  }

  on<Name extends keyof ChatEvents>(
    name: Name,
    listener: (...args: ChatEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  async start(): Promise<void> {
    if (this.state.status === "live") return;
    this.#wanted = true;
    const started = defer<void>();
    this.#waiting.add(started);
    this.#life.sync.start();
    try {
      await this.#parts.connect();
      await started.promise;
    } finally {
      this.#waiting.delete(started);
    }
  }

  conversation(id: string): ChatConversation {
    return this.#life.book.conversation(id);
  }

  async open(user: string): Promise<ChatConversation> {
    return this.#life.book.look(await this.#parts.call("chat.open", { to: user }, { repeatable: true }));
  }

  async createGroup(settings: Omit<Params<"chat.create">, "id">): Promise<ChatConversation> {
    const group = { ...settings, id: this.#ids.next() };
    return this.#life.book.look(await this.#parts.call("chat.create", group, { repeatable: true }));
  }

  async findGroups(
    what: { number: string } | { title: string },
    limit?: number,
  ): Promise<readonly GroupSummary[]> {
    const more = limit === undefined ? {} : { limit };
    return (await this.#parts.call("chat.find", { ...what, ...more }, { repeatable: true })).groups;
  }

  preview(conversation: string, link?: string): Promise<GroupSummary> {
    const more = link === undefined ? {} : { link };
    return this.#parts.call("chat.preview", { conversation, ...more }, { repeatable: true });
  }

  watchPresence(users: readonly string[]): void {
    this.#life.presence.watch(users);
  }

  presenceOf(user: string): Presence | undefined {
    return this.#life.presence.of(user);
  }

  /** The link goes on with whoever the server takes us for. */
  linkOpened(user: User): void {
    const { user: before } = this.#life;
    if (before !== undefined && before.id !== user.id) {
      this.#life.close();
      this.#life = this.#newLife();
      this.#events.emit("conversations", []);
      if (this.#wanted) this.#life.sync.start();
    }
    this.#life.begin(user);
  }

  linkLost(): void {
    this.#life.pause();
  }

  /** There will be no link until somebody connects anew. */
  finished(error: BarrageCallError): void {
    for (const { reject } of this.#waiting) reject(error);
  }

  receive(method: Notification, params: unknown): void {
    switch (method) {
      case "chat.message":
      case "chat.recalled":
        this.#life.book.takeMessage(params as NotificationParams<typeof method>);
        return;
      case "chat.read": {
        const cursor = params as NotificationParams<"chat.read">;
        this.#life.book.take(cursor.conversation, (state) => state.takeRead(cursor));
        return;
      }
      case "chat.delivered": {
        const cursor = params as NotificationParams<"chat.delivered">;
        this.#life.book.take(cursor.conversation, (state) => state.takeDelivery(cursor));
        return;
      }
      case "chat.swept": {
        const swept = params as NotificationParams<"chat.swept">;
        this.#life.book.take(swept.conversation, (state) => state.takeSwept(swept));
        return;
      }
      case "chat.settings": {
        const settings = params as NotificationParams<"chat.settings">;
        this.#life.book.take(settings.conversation, (state) => state.takeSettings(settings));
        return;
      }
      case "chat.asked": {
        const { conversation, version, user } = params as NotificationParams<"chat.asked">;
        this.#life.book.take(conversation, (state) => state.knows(version));
        this.#events.emit("asked", { conversation, user });
        return;
      }
      case "chat.typing":
        this.#life.book.takeTyping(params as NotificationParams<"chat.typing">);
        return;
      case "chat.presence":
        this.#life.presence.take(params as Presence);
        return;
      case "chat.stale":
        this.#life.sync.need();
        return;
    }
  }

  #newLife(): ChatLife {
    const { call, clock, random, options } = this.#parts;
    return new ChatLife({
      ...{ call, clock, random, ids: this.#ids, now: options.now ?? Date.now },
      store: options.outbox ?? new MemoryOutboxStore(),
      limits: { ...DEFAULT_CHAT_LIMITS, ...options.limits },
      state: (state) => this.#moved(state),
      listed: (list) => this.#events.emit("conversations", list),
      said: (message) => this.#events.emit("message", message),
      failed: (outgoing) => this.#events.emit("failed", outgoing),
      storeFailed: (error) => this.#events.emit("storeFailed", error),
      presence: (presence) => this.#events.emit("presence", presence),
    });
  }

  #moved(state: ChatState): void {
    if (state.status === "live") { for (const { resolve } of this.#waiting) resolve(); }
    if (state.status === "refused") { for (const { reject } of this.#waiting) reject(state.error); }
    this.#events.emit("state", state);
  }
}
