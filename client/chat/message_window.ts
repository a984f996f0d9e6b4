import type { Message } from "protocol/chat.ts";

/** A stretch of a conversation's messages without a gap, each as it stood at the highest version seen. */
export class MessageWindow {
  #messages: Message[] = [];
  /** `seq` of the first; of the next one to come, while there is none. */
  #from = 1;
  /** Whether there may be some before it. */
  older = false;

  get messages(): readonly Message[] {
    return this.#messages;
  }

  get from(): number {
    return this.#from;
  }

  /** `seq` of the last; one before `from` while there is none. */
  get to(): number {
    return this.#from + this.#messages.length - 1;
  }

  at(seq: number): Message | undefined {
    return this.#messages[seq - this.#from];
  }

  /** Others in the place of all; of those that do not hang together, the newest. @param next Where to go on without any. */
  reset(messages: readonly Message[], older: boolean, next: number): void {
    const sorted = bySeq(messages);
    const gap = sorted.findLastIndex(({ seq }, n) => n > 0 && seq !== sorted[n - 1]!.seq + 1);
    this.#messages = sorted.slice(Math.max(0, gap));
    this.#from = this.#messages[0]?.seq ?? next;
    this.older = older || gap > 0;
  }

  /** In its place, or as the next one; false for what does not belong here, or is known at that version. */
  take(message: Message): boolean {
    const index = message.seq - this.#from;
    const known = this.#messages[index];
    if (known === undefined ? index !== this.#messages.length : known.version >= message.version) {
      return false;
    }
    this.#messages[index] = message;
    return true;
  }

  /** False when they do not end right before the first. */
  prepend(messages: readonly Message[], older: boolean): boolean {
    const before = bySeq(messages).filter(({ seq }) => seq < this.#from);
    if (before.some(({ seq }, n) => seq !== this.#from - before.length + n)) return false;
    this.#messages = [...before, ...this.#messages];
    this.#from -= before.length;
    this.older = older;
    return true;
  }

  append(messages: readonly Message[]): void {
    for (const message of bySeq(messages)) this.take(message);
  }

  /** Lets go the oldest beyond so many. */
  keepNewest(most: number): void {
    const excess = this.#messages.length - most;
    if (excess <= 0) return;
    this.#messages.splice(0, excess);
    this.#from += excess;
    this.older = true;
  }

  /** There is nothing before that any more. */
  beginAt(seq: number): boolean {
    if (seq < this.#from || (seq === this.#from && !this.older)) return false;
    this.#messages.splice(0, seq - this.#from);
    this.#from = seq;
    this.older = false;
    return true;
  }

  /** Lets go the newest beyond so many. */
  keepOldest(most: number): void {
    if (this.#messages.length > most) this.#messages.length = most;
  }
}

function bySeq(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.seq - b.seq);
}
