import type {
  Change,
  Conversation,
  ConversationDelta,
  DeliveryCursor,
  GroupSummary,
  History,
  Message,
  ReadCursor,
  Swept,
} from "protocol/chat.ts";
import type { NotificationParams } from "protocol/methods.ts";
import { MessageWindow } from "./message_window.ts";
import { type Counts, countsOf, countUnread } from "./unread.ts";
import type { Standing } from "./views.ts";

/** Oneself; who that is, is known once there is a connection. */
export interface Self {
  readonly id: string;
}

type Delta<State extends Standing> = Extract<ConversationDelta, { state: State }>;

/**
 * What is known of one conversation. Two versions are kept apart: `known` is how far nothing is missing, which is what a
 * sync goes on from; `conversation.version` is when the server looked at it as a whole, which may be later. A message
 * counts for the view (unread, last, roles) only when it is newer than that.
 */
export class ConversationState {
  readonly id: string;
  readonly window = new MessageWindow();
  readonly #self: Self;
  standing: Standing = "member";
  known: number | undefined;
  /** When it was first heard of an invitation, or one has asked; in milliseconds since 1970. */
  noticedAt = 0;
  /** As the server told it, brought up to date by what was told since. */
  #conversation: Conversation | undefined;
  #summary: GroupSummary | undefined;
  /** How far one has read here, whether the server knows or not. */
  #readHere = 0;
  /** The counts of `conversation` are not those behind the cursor. */
  #uncounted = false;
  /** Changes that come while pages are read: a page may have been made before them. */
  readonly #late = new Map<number, Message>();
  /** The window grows with what is told. */
  #following = true;
  /** A sync goes by version: an edited message may come behind those that were said after it. */
  readonly #ahead = new Map<number, Message>();
  #reading = 0;

  constructor(id: string, self: Self) {
    this.id = id;
    this.#self = self;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Of a group one is not in. */
  get summary(): GroupSummary | undefined {
    return this.#summary;
  }

  get head(): number {
    return this.#conversation?.head ?? 0;
  }

  /** The newest message of the other one, if he has not been told that it is here. */
  get undelivered(): number | undefined {
    const { peer, deliveredSeq = 0 } = this.#conversation ?? {};
    if (this.standing !== "member" || this.known === undefined || peer === undefined) return undefined;
    const seq = this.window.messages.findLast(({ sender }) => sender.id === peer.id)?.seq ?? 0;
    return seq > deliveredSeq ? seq : undefined;
  }

  get readSeq(): number {
    return Math.min(this.head, Math.max(this.#conversation?.readSeq ?? 0, this.#readHere));
  }

  /** The server has to be asked for the counts, and knows the cursor that they stand behind. */
  get uncounted(): boolean {
    return this.#uncounted && this.standing === "member" &&
      this.readSeq <= (this.#conversation?.readSeq ?? 0);
  }

  /** The window ends before the newest message, and what is told does not bring it there. */
  get hasNewer(): boolean {
    return !this.#following;
  }

  /** @param since What was known when the question was asked. @param more Whether the answer was only a part. */
  apply(delta: ConversationDelta, since: number | undefined, more: boolean): void {
    switch (delta.state) {
      case "member":
        this.#applyMember(delta, since);
        break;
      case "gone":
        this.#applyGone(delta, more);
        break;
      case "invited":
      case "asked":
        this.#summary = delta.conversation;
        this.known = delta.version;
        break;
    }
    this.standing = delta.state;
  }

  /** What the server says of it as a whole, in an answer; older than what is known, it says nothing. */
  look(conversation: Conversation): void {
    if (this.#conversation !== undefined && conversation.version < this.#conversation.version) return;
    this.#conversation = conversation;
    this.window.beginAt(conversation.oldestSeq);
    this.#catchUp();
    this.#recount(this.readSeq <= conversation.readSeq);
  }

  /** True for a message that is new here. */
  take(message: Message): boolean {
    if (this.known === undefined) return false;
    const fresh = message.version > this.known;
    this.knows(message.version);
    this.#keep(message);
    const conversation = this.#conversation;
    if (conversation === undefined || message.version <= conversation.version) return fresh;
    const isNext = message.seq > conversation.head;
    this.#conversation = {
      ...changed(conversation, message, this.#self.id),
      version: message.version,
      head: Math.max(conversation.head, message.seq),
      ...(message.seq >= conversation.head ? { last: message } : {}),
    };
    if (isNext) this.#add(countsOf(message, this.#self.id), message.seq);
    else this.#recount(!this.#uncounted && message.seq <= this.readSeq);
    return fresh && isNext;
  }

  takeRead({ version, user, readSeq }: ReadCursor): void {
    this.knows(version);
    // What is read is delivered: no word comes of that.
    const { deliveredSeq = 0, peerDeliveredSeq = 0 } = this.#conversation ?? {};
    if (user === this.#self.id) {
      this.#patch(version, { readSeq, deliveredSeq: Math.max(deliveredSeq, readSeq) });
      this.#recount(false);
    } else {
      this.#patch(version, { peerReadSeq: readSeq, peerDeliveredSeq: Math.max(peerDeliveredSeq, readSeq) });
    }
  }

  takeDelivery({ version, user, deliveredSeq }: DeliveryCursor): void {
    this.knows(version);
    this.#patch(version, user === this.#self.id ? { deliveredSeq } : { peerDeliveredSeq: deliveredSeq });
  }

  takeSwept({ version, oldestSeq }: Swept): void {
    this.knows(version);
    const { last } = this.#conversation ?? {};
    this.#patch(version, { oldestSeq });
    this.window.beginAt(oldestSeq);
    this.#catchUp();
    if (last !== undefined && last.seq < oldestSeq && this.#conversation?.last === last) {
      const { last: _, ...rest } = this.#conversation;
      this.#conversation = rest;
    }
    // What is gone is not unread any more, and nothing says how much of it was.
    this.#recount(this.readSeq >= oldestSeq - 1);
  }

  takeSettings({ conversation: _, version, ...settings }: NotificationParams<"chat.settings">): void {
    this.knows(version);
    this.#patch(version, settings);
  }

  /** False when it had been read that far already. */
  readTo(seq: number): boolean {
    if (Math.min(seq, this.head) <= this.readSeq) return false;
    this.#readHere = Math.min(seq, this.head);
    this.#recount(false);
    return true;
  }

  /** Has to be ended by `endReading`; in between no change is forgotten that a page might not have. */
  beginReading(): void {
    this.#reading++;
  }

  endReading(): void {
    if (--this.#reading === 0) this.#late.clear();
  }

  /** False when the window has moved meanwhile and the page does not fit any more. */
  takeOlder({ messages, older }: History, most: number): boolean {
    const { to } = this.window;
    if (!this.window.prepend(this.#asOfNow(messages), older)) return false;
    this.window.keepOldest(most);
    if (this.window.to < to) this.#follow(false);
    return true;
  }

  takeNewer({ messages, newer }: History, most: number): void {
    this.window.append(this.#asOfNow(messages));
    this.#follow(!newer);
    this.window.keepNewest(most);
  }

  /** Others in the place of all. */
  takeInstead({ messages, older, newer }: History): void {
    this.window.reset(this.#asOfNow(messages), older, this.head + 1);
    this.#follow(!newer);
    this.#recount(!this.#uncounted);
  }

  /** Lets go the oldest over the bound; all, where nobody needs to stay away from the newest. */
  trim(most: number, detachedToo: boolean): void {
    if (this.#following) this.window.keepNewest(most);
    else if (detachedToo) this.#begin([], true, this.head + 1);
  }

  #applyMember(
    { conversation, version, messages, ...delta }: Delta<"member">,
    since: number | undefined,
  ): void {
    const anew = since === undefined || this.known === undefined || version < since;
    const arrived = this.standing !== "member";
    if (anew || arrived) {
      this.#late.clear();
      // Who has just come gets what was said since he was invited, and may see more than that.
      this.#begin(messages, delta.skipped || arrived, conversation.head + 1);
      this.known = version;
      if (anew) this.#conversation = undefined;
    } else {
      this.knows(version);
      for (const message of messages) this.#keep(message);
    }
    this.#summary = undefined;
    this.look(conversation);
  }

  /** What one has left one forgets: as long as one names it, one is told so. */
  #applyGone({ version, messages }: Delta<"gone">, more: boolean): void {
    for (const message of messages) {
      this.#keep(message);
      const conversation = this.#conversation;
      if (conversation !== undefined && message.seq > conversation.head) {
        this.#conversation = { ...conversation, head: message.seq, last: message };
      }
    }
    this.known = more && messages.length > 0 ? version : undefined;
  }

  /** A message as somebody's call was answered: in its place, if it is there. */
  see(message: Message): void {
    if (message.seq <= this.window.to) this.#keep(message);
  }

  /** Nothing up to this version is missing. */
  knows(version: number): void {
    if (this.known !== undefined) this.known = Math.max(this.known, version);
  }

  #keep(message: Message): void {
    if (message.seq > this.window.to) {
      if (this.#following) this.#ahead.set(message.seq, message);
      this.#catchUp();
    } else {
      this.window.take(message);
    }
    if (this.#reading === 0) return;
    const late = this.#late.get(message.seq);
    if (late === undefined || late.version < message.version) this.#late.set(message.seq, message);
  }

  #catchUp(): void {
    for (const seq of this.#ahead.keys()) if (seq <= this.window.to) this.#ahead.delete(seq);
    for (;;) {
      const next = this.#ahead.get(this.window.to + 1);
      if (next === undefined) return;
      this.#ahead.delete(next.seq);
      this.window.take(next);
    }
  }

  #begin(messages: readonly Message[], older: boolean, next: number): void {
    this.#ahead.clear();
    this.#following = true;
    this.window.reset(messages, older, next);
  }

  #asOfNow(messages: readonly Message[]): Message[] {
    return messages.map((message) => {
      const late = this.#late.get(message.seq) ?? this.window.at(message.seq);
      return late !== undefined && late.version > message.version ? late : message;
    });
  }

  /** A page that ends with the newest message is followed by what was told while it was read. */
  #follow(following: boolean): void {
    this.window.append([...this.#late.values()].filter(({ seq }) => seq > this.window.to));
    this.#following ||= following;
    if (!following) this.#following = this.window.to >= this.head;
    if (!this.#following) this.#ahead.clear();
  }

  #patch(version: number, fields: Partial<Conversation>): void {
    const conversation = this.#conversation;
    if (conversation === undefined || version <= conversation.version) return;
    this.#conversation = { ...conversation, ...fields, version };
  }

  #add(counts: Counts, seq: number): void {
    if (this.#conversation === undefined || seq <= this.readSeq) return;
    const { unread, mentions } = this.#conversation;
    this.#conversation = {
      ...this.#conversation,
      unread: unread + counts.unread,
      mentions: mentions + counts.mentions,
    };
  }

  /** @param exact Whether the present counts are those behind the cursor. */
  #recount(exact: boolean): void {
    const { head, readSeq } = this;
    if (this.#conversation === undefined) return;
    const counts = countUnread(this.window, { readSeq, head, user: this.#self.id });
    if (counts !== undefined) this.#conversation = { ...this.#conversation, ...counts };
    this.#uncounted = counts === undefined && !exact;
  }
}

/** What a message changes of the conversation besides being said. */
function changed(conversation: Conversation, message: Message, user: string): Conversation {
  const { peer, group } = conversation;
  if (peer !== undefined && message.sender.id === peer.id && message.sender.name !== peer.name) {
    return { ...conversation, peer: message.sender };
  }
  if (group === undefined || message.kind !== "change") return conversation;
  return { ...conversation, group: changedGroup(group, message.change, user) };
}

type Group = NonNullable<Conversation["group"]>;

function changedGroup(group: Group, change: Change, user: string): Group {
  switch (change.what) {
    case "created":
      return group;
    case "joined":
      return { ...group, members: group.members + change.users.length };
    case "left":
      return { ...group, members: group.members - 1 };
    case "removed":
      return { ...group, members: group.members - change.users.length };
    case "role":
      if (change.user.id === user) return { ...group, role: change.role };
      return change.role === "owner" && group.role === "owner" ? { ...group, role: "admin" } : group;
    case "settings":
      return { ...group, ...withoutUndefined(change.settings) };
    case "assistant": {
      const { assistant: before, ...others } = group;
      if (change.assistant === undefined) return others;
      const told = before?.instructions === undefined ? {} : { instructions: before.instructions };
      return { ...others, assistant: { ...told, ...change.assistant } };
    }
  }
}

function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
