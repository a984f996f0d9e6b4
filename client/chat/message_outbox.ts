import type { Sent } from "protocol/chat.ts";
import { ERRORS, type Reason } from "protocol/errors.ts";
import { backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { defer } from "../deferred.ts";
import { BarrageCallError } from "../errors.ts";
import type { ChatLimits } from "./limits.ts";
import type { KeptMessage, OutboxStore } from "./outbox_store.ts";
import type { Draft } from "./draft.ts";
import { Outgoing } from "./outgoing.ts";
import type { Ulids } from "./ulids.ts";

/** It says that another try may succeed, and here it would say that for ever. */
const REFUSALS: ReadonlySet<Reason> = new Set(["muted"]);
/** The server may get over it, but a message that it fails on each time must not keep back the others. */
const TRIES_IF_INTERNAL = 5;
/** Conversations that send at the same time: a server lets a socket make so many calls. */
const AT_ONCE_MAX = 8;

interface OutboxParts {
  readonly store: OutboxStore;
  readonly limits: ChatLimits;
  readonly ids: Ulids;
  readonly clock: Clock;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  readonly random: () => number;
  readonly isOpen: () => boolean;
  /** The newest message known. */
  readonly headOf: (conversation: string) => number;
  readonly send: (message: KeptMessage) => Promise<Sent>;
  readonly changed: (conversation: string) => void;
  readonly failed: (outgoing: Outgoing) => void;
  readonly storeFailed: (error: unknown) => void;
}

interface Address {
  readonly conversation: string;
  readonly to?: string;
}

/** Own messages of one conversation, in the order they go out; sent ones until they are seen among the stored. */
interface Line {
  readonly messages: Outgoing[];
  pumping: boolean;
  tries: number;
  timer: unknown;
}

/**
 * One's own messages until the server has them. Of one conversation one is on its way at a time: the next goes out when
 * the one before is stored or refused, so whatever has to be sent again, the order stands. A message is in the store
 * before it is sent and until it is acknowledged, and is sent under one id for good: when the outcome of a sending is not
 * known it is sent again, and the server takes it for the one it has.
 */
export class MessageOutbox {
  readonly #parts: OutboxParts;
  readonly #lines = new Map<string, Line>();
  readonly #user = defer<string>();
  #begun: string | undefined;
  #closed = false;
  #count = 0;
  #bytes = 0;
  #pumping = 0;
  /** Done with while the store was being read, which may not know yet. */
  readonly #done = new Set<string>();
  #loading = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get unsent(): number {
    return this.#count;
  }

  /** Where something waits or has failed. */
  addresses(): Address[] {
    return [...this.#lines].flatMap(([conversation, { messages: [first] }]) => {
      const to = first?.kept.to;
      return [{ conversation, ...(to === undefined ? {} : { to }) }];
    });
  }

  of(conversation: string): readonly Outgoing[] {
    return this.#lines.get(conversation)?.messages ?? [];
  }

  /** A link is open: what the user has left in the store goes out too. Never rejects. */
  async begin(user: string): Promise<void> {
    this.#begun = user;
    this.#user.resolve(user);
    for (const conversation of this.#lines.keys()) this.#hurry(conversation);
    this.#loading++;
    try {
      const left = await this.#parts.store.load(user);
      if (!this.#closed) this.#takeOver(left);
    } catch (error) {
      this.#parts.storeFailed(error);
    } finally {
      if (--this.#loading === 0) this.#done.clear();
    }
  }

  /** @throws {BarrageCallError} `overloaded`, `too_large`; `unavailable` when the store fails. */
  async add({ conversation, to }: Address, draft: Draft): Promise<Outgoing> {
    const { ids, now, limits, headOf } = this.#parts;
    const id = ids.next();
    const kept = {
      ...{ id, place: id, conversation, draft, writtenAt: now() },
      afterSeq: headOf(conversation),
      ...(to === undefined ? {} : { to }),
    };
    const outgoing = new Outgoing(kept, this.#keeper);
    if (outgoing.bytes > limits.messageMaxBytes) {
      throw new BarrageCallError("too_large", `Cannot keep a message of ${outgoing.bytes} bytes`);
    }
    if (this.#count >= limits.unsentMax || this.#bytes + outgoing.bytes > limits.unsentMaxBytes) {
      throw new BarrageCallError("overloaded", `Cannot keep the message: ${this.#count} others are unsent`);
    }
    this.#enter(outgoing);
    try {
      await this.#parts.store.put(await this.#user.promise, outgoing.kept);
    } catch (cause) {
      this.#leave(outgoing);
      if (cause instanceof BarrageCallError) throw cause;
      throw new BarrageCallError("unavailable", "Cannot keep the message: the store failed", { cause });
    }
    outgoing.ready = true;
    this.#pump(conversation);
    return outgoing;
  }

  /** Sent ones that are seen among the stored are not needed here any more. */
  forgetSent(conversation: string, isSeen: (seq: number) => boolean): void {
    const line = this.#lines.get(conversation);
    if (line === undefined) return;
    for (const outgoing of [...line.messages]) {
      if (outgoing.state.status === "sent" && isSeen(outgoing.state.seq)) this.#remove(line, outgoing);
    }
  }

  /** There is no link: what waits goes on with the next one. */
  pause(): void {
    for (const line of this.#lines.values()) {
      this.#parts.clock.clear(line.timer);
      line.timer = undefined;
    }
  }

  /** For good: another user goes on, with an outbox of his own. */
  close(): void {
    this.#closed = true;
    this.pause();
    this.#user.reject(
      new BarrageCallError("unavailable", "Cannot keep the message: somebody else is here now"),
    );
  }

  readonly #keeper = {
    retry: (outgoing: Outgoing) => {
      const line = this.#lines.get(outgoing.conversation);
      if (line === undefined || !line.messages.includes(outgoing)) return;
      outgoing.again(this.#parts.ids.next());
      line.messages.push(...line.messages.splice(line.messages.indexOf(outgoing), 1));
      this.#parts.changed(outgoing.conversation);
      this.#keep(outgoing);
      this.#pump(outgoing.conversation);
    },
    discard: (outgoing: Outgoing) => {
      if (!this.of(outgoing.conversation).includes(outgoing)) return false;
      this.#leave(outgoing);
      this.#drop(outgoing);
      return true;
    },
  };

  /** What another life or another tab has left; what is here already is known better here. */
  #takeOver(left: readonly KeptMessage[]): void {
    for (const kept of [...left].sort((a, b) => a.place < b.place ? -1 : 1)) {
      this.#parts.ids.follow(kept.place);
      if (this.#done.has(kept.id) || this.of(kept.conversation).some(({ id }) => id === kept.id)) continue;
      const outgoing = new Outgoing(kept, this.#keeper);
      outgoing.ready = true;
      outgoing.triedAfter = kept.afterSeq;
      this.#enter(outgoing);
    }
    this.#pumpAll();
  }

  #enter(outgoing: Outgoing): void {
    const { conversation, kept: { place } } = outgoing;
    let line = this.#lines.get(conversation);
    if (line === undefined) {
      line = { messages: [], pumping: false, tries: 0, timer: undefined };
      this.#lines.set(conversation, line);
    }
    const behind = line.messages.findIndex((other) => other.kept.place > place);
    line.messages.splice(behind === -1 ? line.messages.length : behind, 0, outgoing);
    this.#count++;
    this.#bytes += outgoing.bytes;
    this.#parts.changed(conversation);
  }

  #leave(outgoing: Outgoing): void {
    const line = this.#lines.get(outgoing.conversation);
    if (line === undefined) return;
    this.#uncount(outgoing);
    this.#remove(line, outgoing);
    this.#parts.changed(outgoing.conversation);
  }

  #uncount(outgoing: Outgoing): void {
    this.#count--;
    this.#bytes -= outgoing.bytes;
  }

  #remove(line: Line, outgoing: Outgoing): void {
    line.messages.splice(line.messages.indexOf(outgoing), 1);
    if (line.messages.length === 0 && !line.pumping) this.#lines.delete(outgoing.conversation);
  }

  /** A new link is a new chance. */
  #hurry(conversation: string): void {
    const line = this.#lines.get(conversation);
    if (line === undefined) return;
    this.#parts.clock.clear(line.timer);
    line.timer = undefined;
    line.tries = 0;
    this.#pump(conversation);
  }

  async #pump(conversation: string): Promise<void> {
    const line = this.#lines.get(conversation);
    if (line === undefined || line.pumping || line.timer !== undefined) return;
    if (this.#next(line) === undefined || this.#pumping >= AT_ONCE_MAX) return;
    line.pumping = true;
    this.#pumping++;
    try {
      for (let next = this.#next(line); next !== undefined; next = this.#next(line)) {
        if (!await this.#send(line, next)) break;
      }
    } finally {
      line.pumping = false;
      this.#pumping--;
      if (line.messages.length === 0) this.#lines.delete(conversation);
      this.#pumpAll();
    }
  }

  #pumpAll(): void {
    for (const conversation of this.#lines.keys()) {
      if (this.#pumping >= AT_ONCE_MAX) return;
      this.#pump(conversation);
    }
  }

  /** What is to be sent now. One that is not in the store yet keeps its place; its own `add` goes on from there. */
  #next({ messages }: Line): Outgoing | undefined {
    if (this.#closed || this.#begun === undefined || !this.#parts.isOpen()) return undefined;
    const next = messages.find(({ state }) => state.status === "sending");
    return next?.ready === true ? next : undefined;
  }

  /** False when it has to wait. */
  async #send(line: Line, outgoing: Outgoing): Promise<boolean> {
    const { limits: { unsentMaxMs }, now } = this.#parts;
    if (now() - outgoing.writtenAt > unsentMaxMs) {
      this.#fail(outgoing, new BarrageCallError("expired", "It has waited for too long to be sent"));
      return true;
    }
    outgoing.triedAfter ??= this.#parts.headOf(outgoing.conversation);
    try {
      const { seq, at } = await this.#parts.send(outgoing.kept);
      line.tries = 0;
      this.#uncount(outgoing);
      outgoing.sent(seq, at);
      this.#parts.changed(outgoing.conversation);
      this.#drop(outgoing);
      return true;
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (this.#closed) return false;
      if (this.#isFinal(error, ++line.tries)) {
        line.tries = 0;
        this.#fail(outgoing, error);
        return true;
      }
      this.#wait(line, outgoing.conversation, error.retryAfterMs ?? 0);
      return false;
    }
  }

  #isFinal({ reason }: BarrageCallError, tries: number): boolean {
    // The link is about to be another one.
    if (reason === "unauthenticated") return false;
    if (reason === "internal") return tries >= TRIES_IF_INTERNAL;
    return !ERRORS[reason].retry || REFUSALS.has(reason);
  }

  #wait(line: Line, conversation: string, atLeastMs: number): void {
    const { clock, random, isOpen } = this.#parts;
    if (!isOpen()) return;
    line.timer = clock.set(() => {
      line.timer = undefined;
      this.#pump(conversation);
    }, atLeastMs + backoff(line.tries, random));
  }

  #fail(outgoing: Outgoing, error: BarrageCallError): void {
    outgoing.failed(error);
    this.#keep(outgoing);
    this.#parts.changed(outgoing.conversation);
    this.#parts.failed(outgoing);
  }

  /** A store that fails here knows less than it could: after a reload the message is tried once more, as the same one. */
  #keep({ kept }: Outgoing): void {
    if (this.#begun !== undefined) this.#parts.store.put(this.#begun, kept).catch(this.#parts.storeFailed);
  }

  /** As `#keep`. */
  #drop({ id }: Outgoing): void {
    if (this.#loading > 0) this.#done.add(id);
    if (this.#begun !== undefined) this.#parts.store.remove(this.#begun, id).catch(this.#parts.storeFailed);
  }
}
