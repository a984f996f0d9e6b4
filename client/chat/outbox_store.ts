import type { Reason } from "protocol/errors.ts";
import type { Draft } from "./draft.ts";

/** One's own message as it is kept until the server has it. */
export interface KeptMessage {
  /** The client id, a ULID. */
  readonly id: string;
  /** Messages go out in the order of these; a retried one gets a new place. */
  readonly place: string;
  readonly conversation: string;
  /** The other one in a direct conversation, which may have to be begun. */
  readonly to?: string;
  readonly draft: Draft;
  /** In milliseconds since 1970. */
  readonly writtenAt: number;
  /** The newest message known when it was written: its own place can only be behind that. */
  readonly afterSeq: number;
  readonly failed?: { readonly reason: Reason; readonly message: string };
}

/**
 * Where messages wait until the server has them. One store may serve several users and several tabs or programs; of
 * what it is asked at once it does the first thing first.
 */
export interface OutboxStore {
  /**
   * What a user has waiting that nobody else looks after who is still there: whoever asks looks after it from then on.
   * Called at every new connection.
   */
  load(user: string): Promise<readonly KeptMessage[]>;
  /** Durable as far as the store is when it resolves; the same id replaces what there was. */
  put(user: string, message: KeptMessage): Promise<void>;
  remove(user: string, id: string): Promise<void>;
}

/** Lasts as long as the object. */
export class MemoryOutboxStore implements OutboxStore {
  readonly #users = new Map<string, Map<string, KeptMessage>>();

  load(user: string): Promise<readonly KeptMessage[]> {
    return Promise.resolve([...this.#users.get(user)?.values() ?? []]);
  }

  put(user: string, message: KeptMessage): Promise<void> {
    let kept = this.#users.get(user);
    if (kept === undefined) this.#users.set(user, kept = new Map());
    kept.set(message.id, structuredClone(message));
    return Promise.resolve();
  }

  remove(user: string, id: string): Promise<void> {
    const kept = this.#users.get(user);
    kept?.delete(id);
    if (kept?.size === 0) this.#users.delete(user);
    return Promise.resolve();
  }
}
