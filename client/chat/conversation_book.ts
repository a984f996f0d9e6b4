import type { Conversation, ConversationDelta, Message } from "protocol/chat.ts";
import type { NotificationParams } from "protocol/methods.ts";
import type { Clock } from "../clock.ts";
import type { CallMethod } from "../call.ts";
import { BarrageCallError } from "../errors.ts";
import type { Versions } from "./chat_sync.ts";
import { ConversationEntry } from "./conversation_entry.ts";
import type { ConversationHandle } from "./conversation_handle.ts";
import type { ConversationState, Self } from "./conversation_state.ts";
import { inOrder, isListed } from "./conversation_view.ts";
import type { CursorReports } from "./cursor_reports.ts";
import type { ChatLimits } from "./limits.ts";
import type { MessageOutbox } from "./message_outbox.ts";
import type { ConversationView } from "./views.ts";

interface BookParts {
  readonly self: Self;
  readonly limits: ChatLimits;
  readonly call: CallMethod;
  readonly clock: Clock;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  readonly outbox: () => MessageOutbox;
  readonly reports: CursorReports;
  readonly isOpen: () => boolean;
  /** Whether nothing is missing but what the server has just told of. */
  readonly isLive: () => boolean;
  /** Whether what is stored is told here, sooner or later. */
  readonly isFollowing: () => boolean;
  readonly listed: (list: readonly ConversationView[]) => void;
  readonly said: (message: Message) => void;
}

/** All conversations of one user. What changes within one turn of the event loop is told once. */
export class ConversationBook {
  readonly #parts: BookParts;
  readonly #entries = new Map<string, ConversationEntry>();
  /** Those that keep more of their messages, the longest unused first. */
  readonly #wide = new Set<ConversationEntry>();
  readonly #dirty = new Set<ConversationEntry>();
  readonly #counting = new Set<ConversationEntry>();
  #list: readonly ConversationView[] = [];

  constructor(parts: BookParts) {
    this.#parts = parts;
  }

  get list(): readonly ConversationView[] {
    return this.#list;
  }

  conversation(id: string): ConversationHandle {
    return this.#entry(id).handle;
  }

  headOf(id: string): number {
    return this.#entries.get(id)?.state.head ?? 0;
  }

  changed(id: string): void {
    this.#entry(id).changed();
  }

  /** Makes known what is not, as a conversation that only an unsent message would begin. */
  async find({ conversation, to }: { readonly conversation: string; readonly to?: string }): Promise<void> {
    if (this.#entry(conversation).view !== undefined) return;
    const what = to === undefined ? { conversation } : { to };
    try {
      this.look(await this.#parts.call("chat.open", what, { repeatable: true }));
    } catch (error) {
      // What waits there is told as failed when it is sent.
      if (!(error instanceof BarrageCallError)) throw error;
    }
  }

  /** What the server says of a conversation in an answer. */
  look(conversation: Conversation): ConversationHandle {
    const entry = this.#entry(conversation.id);
    entry.state.look(conversation);
    entry.changed();
    return entry.handle;
  }

  known(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#entries.values()].flatMap(({ state: { id, known } }) =>
        known === undefined ? [] : [[id, known]]
      ),
    );
  }

  /** False when nothing of it was new. */
  apply(deltas: readonly ConversationDelta[], since: Versions, more: boolean): boolean {
    let moved = false;
    for (const delta of deltas) {
      const { id } = delta.conversation;
      const entry = this.#entry(id);
      const { known, standing, head } = entry.state;
      entry.state.apply(delta, Object.hasOwn(since, id) ? since[id] : undefined, more);
      if (standing === "member" && delta.state !== "member") entry.state.noticedAt = this.#parts.now();
      moved ||= known !== entry.state.known || standing !== entry.state.standing;
      this.#reportDelivered(entry.state);
      if (delta.state === "member" && this.#parts.isLive()) this.#say(delta.messages, entry.state, head);
      entry.changed();
      if (delta.state === "gone") this.#forgetGone();
    }
    return moved;
  }

  takeMessage(message: Message): void {
    const entry = this.#entries.get(message.conversation);
    if (entry === undefined) return;
    const isNew = entry.state.take(message);
    entry.typers.done(message.sender.id);
    entry.changed();
    if (!isNew || message.sender.id === this.#parts.self.id) return;
    this.#reportDelivered(entry.state);
    this.#parts.said(message);
  }

  /** Changes of one conversation other than messages. */
  take(conversation: string, change: (state: ConversationState) => void): void {
    const entry = this.#entries.get(conversation);
    if (entry === undefined) return;
    change(entry.state);
    entry.changed();
  }

  takeTyping({ conversation, user, forMs }: NotificationParams<"chat.typing">): void {
    this.#entries.get(conversation)?.typers.writes(user, forMs);
  }

  /** Nobody is seen writing while there is no connection. */
  pause(): void {
    for (const { typers } of this.#entries.values()) typers.clear();
  }

  /** A conversation that begins is told of by a sync, though it happens now. */
  #say(messages: readonly Message[], { readSeq }: ConversationState, head: number): void {
    for (const message of messages) {
      const isNew = message.seq > Math.max(head, readSeq) && message.kind !== "recalled";
      if (isNew && message.sender.id !== this.#parts.self.id) this.#parts.said(message);
    }
  }

  #entry(id: string): ConversationEntry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const { self, limits, call, clock, outbox, reports } = this.#parts;
      entry = new ConversationEntry(id, {
        ...{ self, limits, call, clock, outbox, reports: () => reports },
        outgoing: (conversation) => outbox().of(conversation),
        changed: (changed) => this.#mark(changed),
        widen: (wide) => this.#widen(wide),
        type: (conversation) => this.#type(conversation),
      });
      this.#entries.set(id, entry);
    }
    return entry;
  }

  #mark(entry: ConversationEntry): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#tell());
    this.#dirty.add(entry);
  }

  #tell(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    const { limits, outbox, isFollowing } = this.#parts;
    let listChanged = false;
    for (const entry of dirty) {
      const { state } = entry;
      state.trim(this.#wide.has(entry) ? limits.watchedMax : limits.unwatchedMax, false);
      listChanged = entry.tell() || listChanged;
      outbox().forgetSent(state.id, (seq) => seq <= state.window.to || state.hasNewer || !isFollowing());
      this.#count(entry);
    }
    if (listChanged) this.#makeList();
  }

  #makeList(): void {
    const views = [...this.#entries.values()].flatMap(({ view }) => view === undefined ? [] : [view]);
    const list = inOrder(views.filter(isListed));
    if (list.length === this.#list.length && list.every((view, n) => view === this.#list[n])) return;
    this.#list = list;
    this.#parts.listed(list);
  }

  #widen(entry: ConversationEntry): void {
    this.#wide.delete(entry);
    this.#wide.add(entry);
    const idle = [...this.#wide].filter(({ handle }) => !handle.watched && handle !== entry.handle);
    for (const other of idle.slice(0, Math.max(0, idle.length - this.#parts.limits.wideMax))) {
      this.#wide.delete(other);
      other.state.trim(this.#parts.limits.unwatchedMax, true);
      other.changed();
    }
  }

  #forgetGone(): void {
    const gone = [...this.#entries.values()].filter(({ state, handle }) =>
      state.standing === "gone" && !handle.watched
    );
    for (const entry of gone.slice(0, Math.max(0, gone.length - this.#parts.limits.goneMax))) {
      this.#entries.delete(entry.state.id);
      this.#wide.delete(entry);
    }
  }

  #reportDelivered(state: ConversationState): void {
    const seq = state.undelivered;
    if (seq !== undefined) this.#parts.reports.delivered(state.id, seq);
  }

  /** What one has read here goes beyond what is kept here: the server has to count what is left. */
  async #count(entry: ConversationEntry): Promise<void> {
    const { state } = entry;
    if (!state.uncounted || !this.#parts.isOpen() || this.#counting.has(entry)) return;
    this.#counting.add(entry);
    try {
      this.look(await this.#parts.call("chat.open", { conversation: state.id }, { repeatable: true }));
    } catch (error) {
      // The next change asks again.
      if (!(error instanceof BarrageCallError)) throw error;
    } finally {
      this.#counting.delete(entry);
    }
  }

  async #type(conversation: string): Promise<void> {
    if (!this.#parts.isOpen()) return;
    try {
      await this.#parts.call("chat.typing", { conversation });
    } catch (error) {
      // Worth nothing a moment later.
      if (!(error instanceof BarrageCallError)) throw error;
    }
  }
}
