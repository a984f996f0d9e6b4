import type { Message } from "protocol/chat.ts";
import type { MessageRecord, SentRecord } from "storage/conversation_storage.ts";

/** What was sent under one id: a message, or what of it the store has found. */
interface Remembered extends Omit<SentRecord, "sender" | "clientId"> {
  readonly sender: { readonly id: string };
}

/**
 * What was sent under which id lately, so that a retry is answered at once: the last `max` at least, and twice as many at
 * most, as the older half goes at once. Two senders who choose the same id are rare: the later one is remembered.
 */
class SentIds {
  #newer = new Map<string, Remembered>();
  #older = new Map<string, Remembered>();

  constructor(readonly max: number) {}

  get(sender: string, clientId: string): Remembered | undefined {
    const found = this.#newer.get(clientId) ?? this.#older.get(clientId);
    return found?.sender.id === sender ? found : undefined;
  }

  add(clientId: string, sent: Remembered): void {
    this.#newer.set(clientId, sent);
    if (this.#newer.size < this.max) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }
}

/** The newest messages of a conversation as they stand, without a hole; older ones are read from the store. */
export class RecentMessages {
  #messages: Message[];
  /** The `seq` of the first one here, or of the next one to come. */
  #first: number;
  /** No message before the ones here has changed at a later version. */
  #changedBefore: number;
  readonly #sent: SentIds;

  /**
   * @param tail The newest messages there are.
   * @param kept The first message that is kept at all, and the last one that was given a place.
   * @param version No message has changed at a later one.
   */
  constructor(
    readonly max: number,
    tail: readonly MessageRecord[],
    kept: { readonly from: number; readonly to: number },
    version: number,
  ) {
    this.#sent = new SentIds(max);
    this.#messages = tail.map(({ message }) => message);
    this.#first = tail[0]?.message.seq ?? kept.to + 1;
    this.#changedBefore = this.#first <= kept.from ? 0 : version;
    this.#rememberSent(tail);
  }

  get last(): Message | undefined {
    return this.#messages.at(-1);
  }

  get tail(): readonly Message[] {
    return this.#messages;
  }

  sent(sender: string, clientId: string): Remembered | undefined {
    return this.#sent.get(sender, clientId);
  }

  /** Found in the store, and perhaps asked for again. */
  remember(records: readonly SentRecord[]): void {
    for (const { sender, clientId, seq, id, at } of records) {
      this.#sent.add(clientId, { sender: { id: sender }, seq, id, at });
    }
  }

  push(records: readonly MessageRecord[]): void {
    for (const { message } of records) this.#messages.push(message);
    this.#rememberSent(records);
    // Cut in bulk: one copy for every `max` messages instead of one for each.
    if (this.#messages.length <= this.max * 2) return;
    const gone = this.#messages.slice(0, -this.max);
    this.#messages = this.#messages.slice(-this.max);
    this.#first += gone.length;
    for (const { version } of gone) this.#changedBefore = Math.max(this.#changedBefore, version);
  }

  replace(message: Message): void {
    const place = message.seq - this.#first;
    if (place >= 0) this.#messages[place] = message;
    else this.#changedBefore = Math.max(this.#changedBefore, message.version);
  }

  /** Those before `seq` are kept no more. */
  forgetBefore(seq: number): void {
    const gone = Math.min(this.#messages.length, seq - this.#first);
    if (gone <= 0) return;
    this.#messages = this.#messages.slice(gone);
    this.#first += gone;
  }

  at(seq: number): Message | undefined {
    return this.#messages[seq - this.#first];
  }

  /** Messages from one `seq` on; undefined when memory does not reach back that far. */
  from(seq: number): readonly Message[] | undefined {
    if (seq < this.#first) return undefined;
    return this.#messages.slice(seq - this.#first);
  }

  /** In the order of their versions, those that changed after one; undefined when there may be older ones of them. */
  changedAfter(version: number): Message[] | undefined {
    if (version < this.#changedBefore) return undefined;
    return this.#messages.filter((message) => message.version > version).sort((a, b) =>
      a.version - b.version
    );
  }

  #rememberSent(records: readonly MessageRecord[]): void {
    for (const { message, clientId } of records) {
      if (clientId !== undefined) this.#sent.add(clientId, message);
    }
  }
}
