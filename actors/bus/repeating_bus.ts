import type { Clock } from "../runtime/clock.ts";
import type {
  Bus,
  BusMessage,
  BusState,
  Headers,
  RequestOptions,
  SubscribeOptions,
  Subscription,
} from "./bus.ts";
import { NO_HEADERS } from "./message.ts";

/** A connection may have been dead for so long before anybody noticed. */
const UNNOTICED_MS = 30_000;
const KEPT_MAX_BYTES = 16 * 1_048_576;

const CHANGE = /^barrage\.v1\.evt\.conversation\.[^.]+\.changed$/;
const DOORBELL = /^barrage\.v1\.evt\.user\.[^.]+\.conversation$/;

interface Said {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Headers;
  readonly at: number;
}

/**
 * A bus that says again, when its connection is back, what others may not have heard: the last change of each
 * conversation, which tells whoever has missed one before it, and every doorbell. Nobody minds hearing them twice.
 */
export class RepeatingBus implements Bus {
  readonly #bus: Bus;
  readonly #clock: Clock;
  /** By what must not be said without the other; the oldest first. */
  readonly #said = new Map<string, Said>();
  readonly #unwatch: () => void;
  #bytes = 0;

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
    let lostAt = Infinity;
    this.#unwatch = bus.watch((state) => {
      if (state === "disconnected") lostAt = Math.min(lostAt, clock.monotonic());
      else this.#repeat(lostAt - UNNOTICED_MS);
      if (state === "connected") lostAt = Infinity;
    });
  }

  get state(): BusState {
    return this.#bus.state;
  }

  watch(listener: (state: BusState) => void): () => void {
    return this.#bus.watch(listener);
  }

  publish(subject: string, data: Uint8Array, headers: Headers = NO_HEADERS): void {
    this.#bus.publish(subject, data, headers);
    if (CHANGE.test(subject)) this.#keep(subject, { subject, data, headers, at: this.#clock.monotonic() });
    else if (DOORBELL.test(subject)) {
      const key = `${subject} ${new TextDecoder().decode(data)}`;
      this.#keep(key, { subject, data, headers, at: this.#clock.monotonic() });
    }
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
    this.#unwatch();
    return Promise.resolve();
  }

  #keep(key: string, said: Said): void {
    this.#forget(key);
    this.#said.set(key, said);
    this.#bytes += said.data.byteLength;
    // While the connection is lost nothing is too old.
    const since = this.state === "connected" ? said.at - UNNOTICED_MS : -Infinity;
    for (const [oldest, { at }] of this.#said) {
      if (at >= since && this.#bytes <= KEPT_MAX_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const said = this.#said.get(key);
    if (said === undefined) return;
    this.#said.delete(key);
    this.#bytes -= said.data.byteLength;
  }

  #repeat(since: number): void {
    for (const { subject, data, headers, at } of this.#said.values()) {
      if (at >= since) this.#bus.publish(subject, data, headers);
    }
  }
}
