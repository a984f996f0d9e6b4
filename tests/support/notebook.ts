import type { Conversation, ConversationDelta, Message } from "protocol/chat.ts";

/** What a client keeps of conversations: the messages by place, and the version up to which it knows each. */
export class Notebook {
  readonly versions = new Map<string, number>();
  readonly conversations = new Map<string, Conversation>();
  readonly states = new Map<string, ConversationDelta["state"]>();
  /** Every message it was told of by a notification, in the order received. */
  readonly told: Message[] = [];
  /** Something has to be asked anew. */
  stale = false;
  readonly #messages = new Map<string, Map<number, Message>>();

  get since(): Record<string, number> {
    return Object.fromEntries(this.versions);
  }

  /** @param more Whether the answer said that there is more to ask for. */
  apply(deltas: readonly ConversationDelta[], more = false): void {
    for (const delta of deltas) {
      const { id } = delta.conversation;
      this.states.set(id, delta.state);
      // What one has left one forgets when one has all of it: as long as one names it, one is told so.
      if (delta.state === "gone" && !more) this.versions.delete(id);
      else this.#know(id, delta.version);
      if (delta.state === "member") this.conversations.set(id, delta.conversation);
      this.keep(delta.messages);
    }
  }

  /** What was read from history: nothing is known by it of what has changed since. */
  keep(messages: readonly Message[]): void {
    for (const message of messages) this.#keep(message);
  }

  /** False when the notification is not about messages. */
  tell(method: string, params: unknown): boolean {
    switch (method) {
      case "chat.message":
      case "chat.recalled": {
        const message = params as Message;
        this.told.push(message);
        this.#keep(message);
        this.#know(message.conversation, message.version);
        return true;
      }
      case "chat.stale":
        this.stale = true;
        return true;
      default:
        return false;
    }
  }

  /** What it has of a conversation, by place. */
  messages(conversation: string): Message[] {
    return [...this.#messages.get(conversation)?.values() ?? []].sort((a, b) => a.seq - b.seq);
  }

  /** A text for each message that was sent, a kind for each other one. */
  texts(conversation: string): string[] {
    return this.messages(conversation).map((message) =>
      message.kind === "sent" ? message.text ?? "" : message.kind
    );
  }

  #know(conversation: string, version: number): void {
    this.versions.set(conversation, Math.max(this.versions.get(conversation) ?? 0, version));
  }

  #keep(message: Message): void {
    let known = this.#messages.get(message.conversation);
    if (known === undefined) this.#messages.set(message.conversation, known = new Map());
    const before = known.get(message.seq);
    if (before === undefined || before.version < message.version) known.set(message.seq, message);
  }
}
