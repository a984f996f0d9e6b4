import { equal, ok } from "node:assert/strict";
import type { ConversationVerbs } from "actors/conversation/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { Message } from "protocol/chat.ts";

/** Keeps a copy of a conversation and brings it up to date, as a client does. */
export class Device {
  /** Everything it was ever given. */
  readonly everything: Message[] = [];
  readonly #messages = new Map<number, Message>();
  #version = 0;

  constructor(readonly user: number) {}

  /** Those from one `seq` on, in order. */
  messages(from: number): Message[] {
    return [...this.#messages.values()].filter(({ seq }) => seq >= from).sort((a, b) => a.seq - b.seq);
  }

  async sync(conversation: Ref<ConversationVerbs>, limit: number): Promise<void> {
    for (let more = true; more;) {
      const known = this.#version;
      const page = await conversation.since({ version: known, limit });
      const { messages, version } = page.delta;
      if (page.delta.state === "member") this.#forgetBefore(page.delta.conversation.oldestSeq);
      ok(messages.length <= limit);
      equal(new Set(messages.map(({ seq }) => seq)).size, messages.length, "a message came twice");
      let last = known;
      for (const message of messages) {
        ok(message.version > last, "something came that was known, or out of order");
        last = message.version;
        this.#keep(message);
      }
      ok(last <= version && (!page.more || messages.length > 0));
      // Another call may have brought it further meanwhile; an owner that was replaced knows less.
      if (this.#version === known) this.#version = Math.max(known, version);
      ({ more } = page);
    }
  }

  #forgetBefore(seq: number): void {
    for (const known of [...this.#messages.keys()]) if (known < seq) this.#messages.delete(known);
  }

  #keep(message: Message): void {
    this.everything.push(message);
    const known = this.#messages.get(message.seq);
    if (known === undefined || known.version < message.version) this.#messages.set(message.seq, message);
  }
}
