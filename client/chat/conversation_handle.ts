import type { GroupRole, GroupSettings, HistoryRange, MemberPage } from "protocol/chat.ts";
import type { Params, Result } from "protocol/methods.ts";
import type { CallMethod } from "../call.ts";
import { Emitter } from "../emitter.ts";
import type { ChatConversation, ConversationEvents, Member, MemberState } from "./conversation.ts";
import type { ConversationState } from "./conversation_state.ts";
import type { CursorReports } from "./cursor_reports.ts";
import type { ChatLimits } from "./limits.ts";
import type { MessageOutbox } from "./message_outbox.ts";
import type { Draft } from "./draft.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import type { ConversationView, ShownMessage } from "./views.ts";

const PAGE = 50;
const MEMBERS_PAGE = 500;

export interface HandleParts {
  readonly call: CallMethod;
  readonly limits: ChatLimits;
  /** Of whoever is here now. */
  readonly state: () => ConversationState;
  readonly outbox: () => MessageOutbox;
  readonly reports: () => CursorReports;
  readonly view: () => ConversationView | undefined;
  readonly messages: () => readonly ShownMessage[];
  /** More of its messages are kept from now on. */
  readonly widen: () => void;
  readonly changed: () => void;
  readonly type: () => void;
}

export class ConversationHandle implements ChatConversation {
  readonly id: string;
  readonly #parts: HandleParts;
  readonly #events = new Emitter<ConversationEvents>();
  #listeners = 0;
  /** One page at a time. */
  #paging: Promise<unknown> = Promise.resolve();

  constructor(id: string, parts: HandleParts) {
    this.id = id;
    this.#parts = parts;
  }

  get view(): ConversationView | undefined {
    return this.#parts.view();
  }

  get messages(): readonly ShownMessage[] {
    return this.#parts.messages();
  }

  get hasOlder(): boolean {
    return this.#parts.state().window.older;
  }

  get hasNewer(): boolean {
    return this.#parts.state().hasNewer;
  }

  /** Somebody shows its messages. */
  get watched(): boolean {
    return this.#listeners > 0;
  }

  on<Name extends keyof ConversationEvents>(
    name: Name,
    listener: (...args: ConversationEvents[Name]) => void,
  ): () => void {
    const stop = this.#events.on(name, listener);
    if (name !== "messages") return stop;
    this.#listeners++;
    this.#parts.widen();
    let stopped = false;
    return () => {
      if (!stopped) this.#listeners--;
      stopped = true;
      stop();
    };
  }

  tell(changed: { readonly view: boolean; readonly lines: boolean }): void {
    const { view } = this;
    if (changed.lines) this.#events.emit("messages");
    if (changed.view && view !== undefined) this.#events.emit("view", view);
  }

  send(draft: string | Draft): Promise<OutgoingMessage> {
    const to = this.#parts.state().conversation?.peer?.id;
    const address = { conversation: this.id, ...(to === undefined ? {} : { to }) };
    return this.#parts.outbox().add(address, typeof draft === "string" ? { text: draft } : draft);
  }

  async older(limit = PAGE): Promise<boolean> {
    return await this.#page(
      (state) => state.window.older ? { before: state.window.from, limit } : undefined,
      {
        take: (state, history) => state.takeOlder(history, this.#parts.limits.watchedMax),
      },
    );
  }

  async newer(limit = PAGE): Promise<boolean> {
    return await this.#page((state) => state.hasNewer ? { after: state.window.to, limit } : undefined, {
      take: (state, history) => state.takeNewer(history, this.#parts.limits.watchedMax),
    });
  }

  async around(seq: number, limit = PAGE): Promise<void> {
    await this.#page(() => ({ around: seq, limit }), {
      take: (state, history) => state.takeInstead(history),
    });
  }

  async newest(limit = PAGE): Promise<void> {
    await this.#page(({ hasNewer, head }) => hasNewer ? { before: head + 1, limit } : undefined, {
      take: (state, history) => state.takeInstead(history),
    });
  }

  read(upTo = this.#parts.state().head): void {
    const state = this.#parts.state();
    if (!state.readTo(upTo)) return;
    this.#parts.reports().read(this.id, state.readSeq);
    this.#parts.changed();
  }

  typing(): void {
    this.#parts.type();
  }

  async edit(seq: number, draft: string | Omit<Draft, "replyTo">): Promise<void> {
    const { text, attachments, mentions } = typeof draft === "string" ? { text: draft } : draft as Draft;
    const message = await this.#call("chat.edit", {
      ...{ conversation: this.id, seq },
      ...(text === undefined ? {} : { text }),
      ...(attachments === undefined ? {} : { attachments: [...attachments] }),
      ...(mentions === undefined ? {} : { mentions: [...mentions] }),
    });
    this.#see(message);
  }

  async recall(seq: number): Promise<void> {
    this.#see(await this.#call("chat.recall", { conversation: this.id, seq }));
  }

  async report(seq: number, reason: Params<"chat.report">["reason"], note?: string): Promise<void> {
    const more = note === undefined ? {} : { note };
    await this.#parts.call("chat.report", { conversation: this.id, seq, reason, ...more });
  }

  mute(muted: boolean): Promise<void> {
    return this.#set({ muted });
  }

  pin(pinned: boolean): Promise<void> {
    return this.#set({ pinned });
  }

  archive(archived: boolean): Promise<void> {
    return this.#set({ archived });
  }

  async block(blocked: boolean): Promise<void> {
    const { peer } = this.#parts.state().conversation ?? {};
    const who = peer === undefined ? { conversation: this.id } : { to: peer.id };
    this.#look(await this.#call("chat.block", { ...who, blocked }));
  }

  async join(link?: string): Promise<"member" | "asked"> {
    const more = link === undefined ? {} : { link };
    const joining = await this.#parts.call("chat.join", { conversation: this.id, ...more });
    return joining.state;
  }

  async leave(): Promise<void> {
    await this.#parts.call("chat.leave", { conversation: this.id });
  }

  members(page: { state?: MemberState; after?: string; limit?: number } = {}): Promise<MemberPage> {
    return this.#call("chat.members", { conversation: this.id, ...page });
  }

  async *eachMember(state: MemberState = "member"): AsyncIterable<Member> {
    let after: string | undefined;
    do {
      const more = after === undefined ? {} : { after };
      const page = await this.members({ state, limit: MEMBERS_PAGE, ...more });
      yield* page.members;
      after = page.next;
    } while (after !== undefined);
  }

  async invite(users: readonly string[]): Promise<readonly string[]> {
    return (await this.#parts.call("chat.invite", { conversation: this.id, users: [...users] })).users;
  }

  approve(user: string): Promise<void> {
    return this.#about("chat.approve", user);
  }

  decline(user: string): Promise<void> {
    return this.#about("chat.decline", user);
  }

  remove(user: string): Promise<void> {
    return this.#about("chat.remove", user);
  }

  async setRole(user: string, role: Exclude<GroupRole, "owner">): Promise<void> {
    await this.#call("chat.role", { conversation: this.id, user, role });
  }

  transfer(user: string): Promise<void> {
    return this.#about("chat.transfer", user);
  }

  async update(settings: Partial<GroupSettings>): Promise<void> {
    this.#look(await this.#call("chat.update", { conversation: this.id, ...settings }));
  }

  async assistant(): Promise<NonNullable<ConversationView["group"]>["assistant"]> {
    const conversation = await this.#call("chat.open", { conversation: this.id });
    this.#look(conversation);
    return conversation.group?.assistant;
  }

  async setAssistant(assistant: Params<"chat.assistant">["assistant"]): Promise<void> {
    this.#look(await this.#call("chat.assistant", { conversation: this.id, assistant }));
  }

  async link(): Promise<string> {
    return (await this.#call("chat.link", { conversation: this.id })).link;
  }

  async unlink(): Promise<void> {
    await this.#call("chat.unlink", { conversation: this.id });
  }

  /** A call that does no harm when it is sent twice. */
  #call<M extends Parameters<CallMethod>[0]>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#parts.call(method, params, { repeatable: true });
  }

  async #about(
    method: "chat.approve" | "chat.decline" | "chat.remove" | "chat.transfer",
    user: string,
  ): Promise<void> {
    await this.#parts.call(method, { conversation: this.id, user });
  }

  async #set(settings: { muted?: boolean; pinned?: boolean; archived?: boolean }): Promise<void> {
    this.#look(await this.#call("chat.settings", { conversation: this.id, ...settings }));
  }

  #look(conversation: Result<"chat.open">): void {
    this.#parts.state().look(conversation);
    this.#parts.changed();
  }

  #see(message: Result<"chat.edit">): void {
    this.#parts.state().see(message);
    this.#parts.changed();
  }

  /** False when there was nothing to ask for. */
  #page(
    range: (state: ConversationState) => HistoryRange | undefined,
    { take }: { take: (state: ConversationState, history: Result<"chat.history">) => unknown },
  ): Promise<boolean> {
    const page = this.#paging.then(async () => {
      const state = this.#parts.state();
      const asked = range(state);
      if (asked === undefined) return false;
      this.#parts.widen();
      state.beginReading();
      try {
        const history = await this.#call("chat.history", { conversation: this.id, ...asked });
        if (state !== this.#parts.state()) return false;
        take(state, history);
        this.#parts.changed();
        return history.messages.length > 0;
      } finally {
        state.endReading();
      }
    });
    this.#paging = page.catch(() => {});
    return page;
  }
}
