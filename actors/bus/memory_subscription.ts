import type { Subscription } from "./bus.ts";
import type { Envelope } from "./memory_envelope.ts";

/** What the broker sees of a subscription. */
export interface Member {
  readonly pattern: string;
  readonly queue: string | undefined;
  accept(envelope: Envelope, data: Uint8Array): void;
}

interface SubscriptionEnds {
  deliver(envelope: Envelope, data: Uint8Array): void;
  /** Takes the subscription away from the broker; `over` is called behind everything the broker had sent by then. */
  leave(over: () => void): void;
}

type Life = "active" | "draining" | "ended";

export class MemorySubscription implements Subscription, Member {
  readonly ready: Promise<void>;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly #ends: SubscriptionEnds;
  readonly #listening: () => void;
  #life: Life = "active";

  constructor(pattern: string, queue: string | undefined, ends: SubscriptionEnds) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#listening = resolve;
    this.pattern = pattern;
    this.queue = queue;
    this.#ends = ends;
  }

  /** The broker is to know of it. */
  get active(): boolean {
    return this.#life === "active";
  }

  get ended(): boolean {
    return this.#life === "ended";
  }

  listening(): void {
    this.#listening();
  }

  accept(envelope: Envelope, data: Uint8Array): void {
    this.#ends.deliver(envelope, data);
  }

  unsubscribe(): void {
    const left = !this.active;
    this.#life = "ended";
    if (!left) this.#leave();
  }

  drain(): void {
    if (!this.active) return;
    this.#life = "draining";
    this.#leave();
  }

  #leave(): void {
    // Nobody must wait for a subscription that has ended.
    this.#listening();
    this.#ends.leave(() => this.#life = "ended");
  }
}
