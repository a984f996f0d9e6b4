import type { Conversation, Message } from "protocol/chat.ts";
import type { ConversationState, Self } from "./conversation_state.ts";
import type { Outgoing } from "./outgoing.ts";
import { twinOf } from "./twins.ts";
import type { Receipt, ShownMessage } from "./views.ts";

/** What one conversation shows, line by line; a line is the same object until it changes. */
export class ShownMessages {
  readonly #self: Self;
  /** The client ids of messages that were written here, by `seq`. */
  readonly #keys = new Map<number, string>();
  #lines = new Map<string, ShownMessage>();

  constructor(self: Self) {
    this.#self = self;
  }

  of(state: ConversationState, outgoing: readonly Outgoing[]): readonly ShownMessage[] {
    const { window, conversation } = state;
    for (const seq of this.#keys.keys()) if (seq < window.from) this.#keys.delete(seq);
    const waiting = outgoing.filter((one) => !this.#isStored(one, state));
    const lines = [
      ...window.messages.map((message) => this.#stored(message, conversation)),
      ...(state.hasNewer ? [] : waiting.map((one) => this.#waiting(one))),
    ];
    this.#lines = new Map(lines.map((line) => [line.key, line]));
    return lines;
  }

  #isStored(outgoing: Outgoing, { window }: ConversationState): boolean {
    const { id, state } = outgoing;
    switch (state.status) {
      case "sent":
        this.#claim(id, state.seq);
        return state.seq <= window.to;
      case "sending": {
        const claimOf = (seq: number) => this.#keys.get(seq);
        const twin = twinOf(outgoing, { window, user: this.#self.id, claimOf });
        this.#claim(id, twin?.seq);
        return twin !== undefined;
      }
      case "failed":
        this.#claim(id, undefined);
        return false;
    }
  }

  /** One message has one line: a twin that was another one after all gets its own key back. */
  #claim(id: string, seq: number | undefined): void {
    for (const [other, key] of this.#keys) if (key === id && other !== seq) this.#keys.delete(other);
    if (seq !== undefined) this.#keys.set(seq, id);
  }

  #stored(message: Message, conversation: Conversation | undefined): ShownMessage {
    const key = this.#keys.get(message.seq) ?? message.id;
    const own = message.sender.id === this.#self.id;
    const receipt = own && message.kind === "sent" ? receiptOf(message.seq, conversation) : undefined;
    const before = this.#lines.get(key);
    if (before?.shown === "stored" && before.message === message && before.receipt === receipt) return before;
    return { shown: "stored", key, own, message, ...(receipt === undefined ? {} : { receipt }) };
  }

  #waiting(outgoing: Outgoing): ShownMessage {
    const before = this.#lines.get(outgoing.id);
    if (before?.shown === "outgoing" && before.state === outgoing.state) return before;
    return { shown: "outgoing", key: outgoing.id, own: true, outgoing, state: outgoing.state };
  }
}

function receiptOf(seq: number, conversation: Conversation | undefined): Receipt {
  const { peerReadSeq = 0, peerDeliveredSeq = 0 } = conversation ?? {};
  if (seq <= peerReadSeq) return "read";
  return seq <= peerDeliveredSeq ? "delivered" : "sent";
}
