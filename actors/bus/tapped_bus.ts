import type {
  Bus,
  BusMessage,
  BusState,
  Headers,
  RequestOptions,
  SubscribeOptions,
  Subscription,
} from "./bus.ts";
import type { Feed } from "./feed.ts";
import { NO_HEADERS } from "./message.ts";

const FRAME = /^barrage\.v1\.evt\.room\.[^.]+\.frame$/;

/** A bus whose room frames, as this node publishes them, are offered to a feed as well. */
export class TappedBus implements Bus {
  readonly #bus: Bus;
  readonly #feed: Feed;

  constructor(bus: Bus, feed: Feed) {
    this.#bus = bus;
    this.#feed = feed;
  }

  get state(): BusState {
    return this.#bus.state;
  }

  watch(listener: (state: BusState) => void): () => void {
    return this.#bus.watch(listener);
  }

  publish(subject: string, data: Uint8Array, headers: Headers = NO_HEADERS): void {
    this.#bus.publish(subject, data, headers);
    if (FRAME.test(subject)) this.#feed.offer(subject, data, headers);
  }

  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage> {
    return this.#bus.request(subject, data, options);
  }

  subscribe(
    subject: string,
    receive: (message: BusMessage) => void,
    options?: SubscribeOptions,
  ): Subscription {
    return this.#bus.subscribe(subject, receive, options);
  }

  /** The bus below belongs to whoever made it. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
