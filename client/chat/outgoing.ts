import { Emitter } from "../emitter.ts";
import { BarrageCallError } from "../errors.ts";
import type { Draft } from "./draft.ts";
import type { KeptMessage } from "./outbox_store.ts";

export type OutgoingState =
  /** Kept here until the server has it, across reconnects and, with a store that lasts, reloads. */
  | { readonly status: "sending" }
  | { readonly status: "sent"; readonly seq: number; readonly at: number }
  /** It will not be tried again by itself. */
  | { readonly status: "failed"; readonly error: BarrageCallError };

/** One's own message from the moment it is written until the server has stored it. */
export interface OutgoingMessage {
  /** The client id: whatever happens, it is one message. */
  readonly id: string;
  readonly conversation: string;
  readonly draft: Draft;
  /** When it was written, in milliseconds since 1970. */
  readonly writtenAt: number;
  readonly state: OutgoingState;
  /** Called at every change of the state; returns a function that stops it. */
  onState(listener: (state: OutgoingState) => void): () => void;
  /** Tries a failed one again, behind those that wait; nothing otherwise. */
  retry(): void;
  /** Takes a failed one away; one that may be on its way stays. Returns whether it is gone. */
  discard(): boolean;
}

interface Keeper {
  retry(outgoing: Outgoing): void;
  discard(outgoing: Outgoing): boolean;
}

export class Outgoing implements OutgoingMessage {
  readonly bytes: number;
  readonly #keeper: Keeper;
  readonly #events = new Emitter<{ state: [OutgoingState] }>();
  #kept: KeptMessage;
  #state: OutgoingState;
  /** It is in the store, and may go. */
  ready = false;
  /** The newest message known when it was sent first, once it may have reached the server: its place is behind that. */
  triedAfter: number | undefined;

  constructor(kept: KeptMessage, keeper: Keeper) {
    const { failed } = kept;
    this.#kept = kept;
    this.#keeper = keeper;
    this.bytes = new TextEncoder().encode(JSON.stringify(kept)).byteLength;
    this.#state = failed === undefined
      ? { status: "sending" }
      : { status: "failed", error: new BarrageCallError(failed.reason, failed.message) };
  }

  get id(): string {
    return this.#kept.id;
  }

  get conversation(): string {
    return this.#kept.conversation;
  }

  get draft(): Draft {
    return this.#kept.draft;
  }

  get writtenAt(): number {
    return this.#kept.writtenAt;
  }

  get kept(): KeptMessage {
    return this.#kept;
  }

  get state(): OutgoingState {
    return this.#state;
  }

  onState(listener: (state: OutgoingState) => void): () => void {
    return this.#events.on("state", listener);
  }

  retry(): void {
    if (this.#state.status === "failed") this.#keeper.retry(this);
  }

  discard(): boolean {
    return this.#state.status === "failed" && this.#keeper.discard(this);
  }

  again(place: string): void {
    const { failed: _failed, ...kept } = this.#kept;
    this.#kept = { ...kept, place };
    this.#enter({ status: "sending" });
  }

  sent(seq: number, at: number): void {
    this.#enter({ status: "sent", seq, at });
  }

  failed(error: BarrageCallError): void {
    this.#kept = { ...this.#kept, failed: { reason: error.reason, message: error.message } };
    this.#enter({ status: "failed", error });
  }

  #enter(state: OutgoingState): void {
    this.#state = state;
    this.#events.emit("state", state);
  }
}
