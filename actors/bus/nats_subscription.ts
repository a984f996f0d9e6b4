import type { Msg } from "nats";
import type { Subscription } from "./bus.ts";
import type { Listening, NatsSession } from "./nats_session.ts";

export interface SubscriptionTerms {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly receive: (message: Msg) => void;
  readonly ended: (subscription: NatsSubscription) => void;
}

type Life = "active" | "draining" | "ended";

/** What a caller subscribed to, on whichever connection is alive. */
export class NatsSubscription implements Subscription {
  readonly ready: Promise<void>;
  readonly #terms: SubscriptionTerms;
  readonly #listening: () => void;
  #here: Listening | undefined;
  #life: Life = "active";

  constructor(terms: SubscriptionTerms) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#listening = resolve;
    this.#terms = terms;
  }

  /** Begins on a new connection. */
  enter(session: NatsSession): void {
    const { pattern, queue, receive } = this.#terms;
    this.#here = session.subscribe(pattern, queue, (message) => {
      if (this.#life !== "ended") receive(message);
    });
  }

  /** The server knows of it. */
  listening(): void {
    this.#listening();
  }

  unsubscribe(): void {
    if (this.#life === "ended") return;
    this.#leave("ended");
    this.#here?.end();
  }

  drain(): void {
    if (this.#life !== "active") return;
    this.#leave("draining");
    this.#here?.drain();
  }

  #leave(life: Life): void {
    this.#life = life;
    // Nobody must wait for a subscription that has ended.
    this.#listening();
    this.#terms.ended(this);
  }
}
