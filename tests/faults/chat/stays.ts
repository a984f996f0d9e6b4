import type { Message } from "protocol/chat.ts";
import type { Stored } from "./story.ts";

/** From one message to another somebody was a member. */
export interface Stay {
  readonly from: number;
  /** The first message he might see; before `from` where newcomers are shown what was said before. */
  readonly visibleFrom: number;
  /** His going, where he has gone: the last message he may see, and the last version. */
  readonly to: number;
  readonly version: number;
}

/** Who was in a conversation when, by its own order. */
export class Stays {
  readonly #byUser = new Map<string, Stay[]>();
  /** Whoever wrote while he was not in it. */
  readonly strangers: Message[] = [];

  /** @param historyAtFirst Whether newcomers of the group were shown what was said before, when it was made. */
  constructor({ kind, messages, members }: Stored, historyAtFirst: boolean) {
    if (kind === "direct") {
      const always = { from: 1, visibleFrom: 1, to: Infinity, version: Infinity };
      for (const { user } of members) this.#byUser.set(user, [always]);
      for (const { message } of messages) {
        if (!this.#byUser.has(message.sender.id)) this.strangers.push(message);
      }
    } else {
      this.#walk(messages.map(({ message }) => message), historyAtFirst);
    }
  }

  get users(): Iterable<string> {
    return this.#byUser.keys();
  }

  of(user: string): readonly Stay[] {
    return this.#byUser.get(user) ?? [];
  }

  /** Undefined for somebody who is not in it in the end. */
  open(user: string): Stay | undefined {
    const last = this.of(user).at(-1);
    return last?.to === Infinity ? last : undefined;
  }

  /** The one that the message at `seq` falls into, or the last before it. */
  at(user: string, seq: number): Stay | undefined {
    return this.of(user).findLast(({ from }) => from <= seq);
  }

  #walk(messages: readonly Message[], historyAtFirst: boolean): void {
    let shown = historyAtFirst;
    const open = (user: string, from: number) => {
      const stay = { from, visibleFrom: shown ? 1 : from, to: Infinity, version: Infinity };
      const stays = this.#byUser.get(user);
      if (stays === undefined) this.#byUser.set(user, [stay]);
      else if (stays.at(-1)!.to !== Infinity) stays.push(stay);
    };
    const close = (user: string, to: number, version: number) => {
      const stays = this.#byUser.get(user);
      const last = stays?.at(-1);
      if (last?.to === Infinity) stays![stays!.length - 1] = { ...last, to, version };
    };
    for (const message of messages) {
      const { seq, version, sender } = message;
      if (message.kind !== "change") {
        if (this.open(sender.id) === undefined) this.strangers.push(message);
        continue;
      }
      const { change } = message;
      switch (change.what) {
        case "created":
          open(sender.id, seq);
          break;
        case "joined":
          for (const { id } of change.users) open(id, seq);
          break;
        case "left":
          close(sender.id, seq, version);
          break;
        case "removed":
          for (const { id } of change.users) close(id, seq, version);
          break;
        case "settings":
          shown = change.settings.historyForNewcomers ?? shown;
          break;
        case "role":
        case "assistant":
          break;
        default:
          change satisfies never;
      }
    }
  }
}
