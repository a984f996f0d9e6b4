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
  ended(): void;
}

export class MemorySubscription implements Subscription, Member {
  readonly ready: Promise<void>;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly #ends: SubscriptionEnds;
  readonly #listening: () => void;
  #active = true;

  constructor(pattern: string, queue: string | undefined, ends: SubscriptionEnds) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#listening = resolve;
    this.pattern = pattern;
    this.queue = queue;
    this.#ends = ends;
  }

  get active(): boolean {
    return this.#active;
  }

  listening(): void {
    this.#listening();
  }

  accept(envelope: Envelope, data: Uint8Array): void {
    this.#ends.deliver(envelope, data);
  }

  unsubscribe(): void {
    if (!this.#active) return;
    this.#active = false;
    // Nobody must wait for a subscription that has ended.
    this.#listening();
    this.#ends.ended();
  }
}
