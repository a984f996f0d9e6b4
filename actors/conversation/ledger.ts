import type { Message } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { CommitFailed } from "actors/runtime/incarnation.ts";
import type {
  ConversationPatch,
  ConversationRecord,
  ConversationStore,
  GroupRecord,
  MemberRecord,
  MembershipStore,
  MessageRecord,
  MessageStore,
  SweptRecord,
} from "storage/conversation_storage.ts";
import type { Write } from "storage/storage.ts";
import { directId, isDirectId } from "./conversation_ids.ts";
import type { Doorbell } from "./doorbell.ts";
import { messageEvent, type PublishedEvent, sweptEvent } from "./events.ts";
import type { ConversationVerb } from "./definition.ts";
import type { ConversationLimits } from "./limits.ts";
import { Members } from "./members.ts";
import { authorize, authorOf, type ConversationRole, type Part } from "./permissions.ts";
import { RecentMessages } from "./recent_messages.ts";

const NO_BODY = new Uint8Array();
/** Whose rows changed in the last so many versions is reminded of the conversation when it comes into memory. */
const REMINDED_MAX = 200;
/** Of more than so many newcomers an event does not say that it is not for them: everybody is made to ask. */
const HIDDEN_MAX = 100;

export interface LedgerPorts {
  readonly conversations: ConversationStore;
  readonly memberships: MembershipStore;
  readonly messages: MessageStore;
  readonly doorbell: Doorbell;
  readonly limits: ConversationLimits;
}

/** A conversation that there is. */
export interface Present {
  readonly record: ConversationRecord;
  readonly members: Members;
  readonly recent: RecentMessages;
}

/** Who calls, and what he is here. */
export interface Admitted {
  readonly author: User;
  readonly roles: readonly ConversationRole[];
  /** His row, also when he has gone or is still to come. */
  readonly row: MemberRecord | undefined;
}

/** What changes in one commit; messages, rows and version are as they are from then on. */
export interface Change {
  /** That of the last thing that changes. */
  readonly version: number;
  readonly said?: readonly MessageRecord[];
  readonly rewritten?: Message;
  readonly members?: readonly MemberRecord[];
  readonly group?: Pick<ConversationPatch, "settings" | "link" | "assistant" | "questions">;
  readonly swept?: SweptRecord;
  /** Written in the same commit, and nothing that is remembered here. */
  readonly beside?: readonly Write[];
  /** What is told besides the messages. */
  readonly events?: readonly PublishedEvent[];
}

/** What one conversation is, who is in it and what was said last. A change is durable first, then in memory, then told. */
export class Ledger {
  readonly #self: Self;
  readonly #ports: LedgerPorts;
  #present: Present | undefined;
  #head = 0;
  #firstSeq = 1;
  #version = 0;
  /** Of the last change that everybody is told of. */
  #toldVersion = 0;
  /** When somebody came or went last, or later. */
  #membersVersion = 0;

  constructor(self: Self, ports: LedgerPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  get id(): string {
    return this.#self.key;
  }

  get isDirect(): boolean {
    return isDirectId(this.id);
  }

  get now(): number {
    return this.#self.clock.now();
  }

  get head(): number {
    return this.#head;
  }

  /** The first message that is kept; `head + 1` when none is. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  get version(): number {
    return this.#version;
  }

  get membersVersion(): number {
    return this.#membersVersion;
  }

  /** @throws {BarrageError} `not_found`. */
  get present(): Present {
    if (this.#present === undefined) throw new BarrageError("not_found", `No conversation ${this.id}`);
    return this.#present;
  }

  get exists(): boolean {
    return this.#present !== undefined;
  }

  /** @throws {BarrageError} `not_found`; `conflict` in a direct conversation. */
  get group(): GroupRecord {
    const { record } = this.present;
    if (record.kind === "group") return record;
    throw new BarrageError("conflict", "Only a group has members that come and go, and settings");
  }

  /**
   * Until there is one it is looked for each time: an owner before this one may have made it after we first looked, as
   * no row was there to keep it from doing so.
   */
  async load(): Promise<void> {
    if (this.#present !== undefined) return;
    const { conversations, messages, limits } = this.#ports;
    const stored = await conversations.acquire(this.id, this.#self.epoch);
    if (stored === undefined) return;
    const { record, members, version, messageVersion, head, firstSeq } = stored;
    const kept = { from: firstSeq, to: head };
    const tail = await messages.range(this.id, kept, limits.memoryMessages, "last");
    this.#head = head;
    this.#firstSeq = firstSeq;
    this.#version = version;
    this.#toldVersion = messageVersion;
    this.#membersVersion = version;
    const recent = new RecentMessages(limits.memoryMessages, tail, kept, messageVersion);
    this.#present = { record, members: new Members(members), recent };
    // The owner before this one may have ended between a commit and telling it: who misses something learns that here.
    this.#tell("loaded", { body: NO_BODY, headers: { version: String(version) } });
    this.#remind(members);
  }

  /**
   * Loads, and finds out what the caller is here.
   * @param peer Whom the caller takes for the other one, where a direct conversation may not exist yet.
   */
  async admit(
    verb: ConversationVerb,
    caller: Caller,
    peer?: string,
  ): Promise<Admitted> {
    await this.load();
    const row = caller.kind === "user" ? await this.#rowOf(caller.user.id) : undefined;
    const roles = authorize(verb, caller, this.partOf(caller, row, peer));
    return { author: authorOf(caller), roles, row };
  }

  partOf(caller: Caller, row: MemberRecord | undefined, peer: string | undefined): Part {
    if (!this.isDirect) return row;
    if (row !== undefined) return "peer";
    const isOne = caller.kind === "user" && peer !== undefined && peer !== caller.user.id &&
      directId(caller.user.id, peer) === this.id;
    return isOne && !this.exists ? "peer" : undefined;
  }

  /** The place of a message that comes `n`th from now. */
  place(n: number, sender: User, at: number) {
    const { ids, key } = this.#self;
    return {
      conversation: key,
      seq: this.#head + n,
      version: this.#version + n,
      id: ids.next(),
      sender,
      at,
    };
  }

  /** False when another owner has made it meanwhile; it is loaded then. */
  async create(record: ConversationRecord, change: Change): Promise<"created" | "exists" | "number_taken"> {
    const { conversations } = this.#ports;
    // Whether it was created is unknown after a failure: the next incarnation will see.
    const created = await conversations.create(record, this.#self.epoch, this.#writes(change)).catch(
      (error) => {
        throw new CommitFailed(BarrageError.from(error));
      },
    );
    switch (created) {
      case "created": {
        const recent = new RecentMessages(this.#ports.limits.memoryMessages, [], { from: 1, to: 0 }, 0);
        this.#present = { record, members: new Members([]), recent };
        this.#apply(change);
        break;
      }
      case "exists":
        await this.load();
        break;
      case "number_taken":
        break;
    }
    return created;
  }

  /** @throws {BarrageError} `conflict` when something was sent before under one of its ids; nothing has happened then. */
  async commit(change: Change): Promise<void> {
    await this.#self.commit(this.#writes(change));
    this.#apply(change);
  }

  /** @throws {FencedError} when another owner has taken it over meanwhile. */
  async confirm(): Promise<void> {
    await this.#self.commit([]);
  }

  async #rowOf(user: string): Promise<MemberRecord | undefined> {
    if (this.#present === undefined) return undefined;
    return this.#present.members.get(user) ?? await this.#ports.memberships.read(this.id, user);
  }

  #writes({ said = [], rewritten, members = [], group, swept, beside = [] }: Change) {
    const { conversations, memberships, messages } = this.#ports;
    return [
      ...said.length === 0 ? [] : messages.append(said),
      ...rewritten === undefined ? [] : [messages.rewrite(rewritten)],
      ...members.length === 0 ? [] : [memberships.put(this.id, members)],
      ...group === undefined ? [] : [conversations.update(this.id, group)],
      ...swept === undefined ? [] : [conversations.update(this.id, { swept })],
      ...swept?.version === undefined
        ? []
        : [messages.sweep(this.id, { from: this.#firstSeq, to: swept.firstSeq - 1 })],
      ...beside,
    ];
  }

  #apply({ version, said = [], rewritten, members = [], group, swept, events = [] }: Change): void {
    const { record, members: known, recent } = this.present;
    if (record.kind === "group" && group !== undefined) {
      this.#present = { ...this.present, record: patched(record, group) };
    }
    const moved = members.filter((member) => known.get(member.user.id)?.state !== member.state);
    known.keep(members);
    this.#head += said.length;
    this.#version = version;
    if (moved.length > 0) this.#membersVersion = version;
    recent.push(said);
    if (rewritten !== undefined) recent.replace(rewritten);
    const changed = rewritten === undefined ? said.map(({ message }) => message) : [rewritten];
    const newcomers = rewritten === undefined ? [] : known.newcomersTo(rewritten.seq);
    for (const message of changed) this.#tellMessage(message, newcomers);
    if (swept?.version !== undefined) {
      this.#firstSeq = swept.firstSeq;
      recent.forgetBefore(swept.firstSeq);
      this.#publish(sweptEvent({ conversation: this.id, version, oldestSeq: swept.firstSeq }));
      this.#toldVersion = version;
    }
    for (const event of events) this.#publish(event);
    for (const { user } of moved) this.#ports.doorbell.ring(user.id, this.id);
  }

  /** Nor can whoever has just come be missed by an event of a conversation that he does not listen to. */
  #remind(members: readonly MemberRecord[]): void {
    const last = this.#version - REMINDED_MAX;
    const reminded = members.filter(({ version }) => this.isDirect || version > last).slice(0, REMINDED_MAX);
    for (const { user } of reminded) this.#ports.doorbell.remind(user.id, this.id);
  }

  #tellMessage(message: Message, newcomers: readonly string[]): void {
    const { version } = message;
    if (newcomers.length <= HIDDEN_MAX) {
      this.#publish(messageEvent(message, newcomers));
      this.#toldVersion = version;
    } else {
      this.#toldVersion = version;
      this.#publish({ body: NO_BODY, headers: { version: String(version) } });
    }
  }

  #publish(event: PublishedEvent): void {
    this.#tell("changed", event);
  }

  #tell(name: "changed" | "loaded", { body, headers }: PublishedEvent): void {
    const previous = String(this.#toldVersion);
    this.#self.publish(name, body, { ...headers, previous, members: String(this.#membersVersion) });
  }
}

function patched(record: GroupRecord, group: NonNullable<Change["group"]>): GroupRecord {
  const { link = record.link, settings = record.settings, questions = record.questions ?? [] } = group;
  const assistant = group.assistant === undefined ? record.assistant : group.assistant;
  const { link: _link, assistant: _assistant, questions: _questions, ...rest } = record;
  return {
    ...{ ...rest, settings },
    ...(link ? { link } : {}),
    ...(assistant ? { assistant } : {}),
    ...(questions.length === 0 ? {} : { questions }),
  };
}
