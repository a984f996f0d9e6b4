import { BarrageError } from "protocol/errors.ts";
import type {
  Bus,
  BusMessage,
  BusState,
  Headers,
  RequestOptions,
  SubscribeOptions,
  Subscription,
} from "./bus.ts";
import { NoResponders } from "./bus.ts";
import { type Asker, envelop, type Envelope } from "./memory_envelope.ts";
import { type Member, MemorySubscription } from "./memory_subscription.ts";
import { NO_HEADERS } from "./message.ts";
import type { Pipe } from "./pipe.ts";
import { checkPattern, checkSubject } from "./subjects.ts";

/** The broker as its connections see it. */
export interface Exchange {
  enter(member: Member): void;
  leave(member: Member): void;
  route(envelope: Envelope): void;
}

/** One node's connection to a MemoryBroker. */
export class MemoryBus implements Bus {
  readonly #broker: Exchange;
  readonly #outward: Pipe;
  readonly #inward: Pipe;
  readonly #onError: (error: unknown) => void;
  readonly #watchers = new Set<(state: BusState) => void>();
  readonly #subscriptions = new Set<MemorySubscription>();
  readonly #asking = new Set<(error: BarrageError) => void>();
  /** It knows of every message whether it was lost. */
  readonly unconfirmed = 0;
  #state: BusState | "disposed" = "connected";
  #dropped = 0;
  #lost = 0;
  #disconnects = 0;

  constructor(broker: Exchange, outward: Pipe, inward: Pipe, onError: (error: unknown) => void) {
    this.#broker = broker;
    this.#outward = outward;
    this.#inward = inward;
    this.#onError = onError;
  }

  get state(): BusState {
    return this.#state === "connected" ? "connected" : "disconnected";
  }

  /** Messages refused because too many were waiting on this connection, in either direction. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Messages published while disconnected, or on the way when the connection was cut. */
  get lost(): number {
    return this.#lost;
  }

  get disconnects(): { readonly memory: number } {
    return { memory: this.#disconnects };
  }

  watch(listener: (state: BusState) => void): () => void {
    this.#watchers.add(listener);
    return () => {
      this.#watchers.delete(listener);
    };
  }

  publish(subject: string, data: Uint8Array, headers: Headers = NO_HEADERS): void {
    this.#send(envelop(subject, data, headers));
  }

  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage> {
    const { signal } = options;
    const envelope = envelop(subject, data, options.headers ?? NO_HEADERS);
    signal.throwIfAborted();
    if (this.#state !== "connected") throw disconnected(subject);

    const { promise, resolve, reject } = Promise.withResolvers<BusMessage>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#asking.add(reject);
    const asker: Asker = {
      answer: (data, headers, bytes) => {
        this.#take(bytes, () => resolve({ subject, data, headers, respond: () => {} }));
      },
      nobody: () => this.#inward.pushControl(() => reject(new NoResponders(subject))),
    };
    try {
      if (!this.#send({ ...envelope, asker })) {
        throw new BarrageError("unavailable", `Cannot ask ${subject}: too many messages are waiting`);
      }
      return await promise;
    } finally {
      this.#asking.delete(reject);
      signal.removeEventListener("abort", abort);
    }
  }

  subscribe(
    subject: string,
    receive: (message: BusMessage) => void,
    options: SubscribeOptions = {},
  ): Subscription {
    checkPattern(subject);
    if (options.queue !== undefined) checkSubject(options.queue);
    if (this.#state === "disposed") throw disconnected(subject);
    const subscription = new MemorySubscription(subject, options.queue, {
      deliver: (envelope, data) => {
        this.#take(envelope.bytes, () => {
          if (!subscription.ended) receive(this.#message(envelope, data));
        });
      },
      leave: (over) => this.#leave(subscription, over),
    });
    this.#subscriptions.add(subscription);
    if (this.#state === "connected") this.#announce(subscription);
    return subscription;
  }

  /** Cuts the connection, as a network would: what is on the way in either direction is lost. */
  disconnect(): void {
    if (this.#state !== "connected") return;
    this.#state = "disconnected";
    this.#disconnects++;
    this.#lost += this.#outward.clear() + this.#inward.clear();
    for (const subscription of this.#subscriptions) {
      this.#broker.leave(subscription);
      if (!subscription.active) this.#subscriptions.delete(subscription);
    }
    for (const reject of this.#asking) {
      reject(new BarrageError("unavailable", "Cannot await the answer: the bus got disconnected"));
    }
    this.#tell("disconnected");
  }

  reconnect(): void {
    if (this.#state !== "disconnected") return;
    this.#state = "connected";
    for (const subscription of this.#subscriptions) this.#announce(subscription);
    this.#tell("connected");
  }

  /** What was published before is still handed over. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "connected") this.#outward.flush();
    this.disconnect();
    this.#state = "disposed";
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#watchers.clear();
    return Promise.resolve();
  }

  #send(envelope: Envelope): boolean {
    if (this.#state !== "connected") {
      this.#lost++;
      return false;
    }
    const fits = this.#outward.push(envelope.bytes, () => this.#broker.route(envelope));
    if (!fits) this.#dropped++;
    return fits;
  }

  #take(bytes: number, run: () => void): void {
    if (this.#state !== "connected") this.#lost++;
    else if (!this.#inward.push(bytes, run)) this.#dropped++;
  }

  #message(envelope: Envelope, data: Uint8Array): BusMessage {
    const { subject, headers, asker } = envelope;
    return {
      subject,
      data,
      headers,
      respond: (data, headers = NO_HEADERS) => {
        if (asker !== undefined) this.#respond(subject, asker, data, headers);
      },
    };
  }

  #respond(subject: string, asker: Asker, data: Uint8Array, headers: Headers): void {
    const reply = envelop(subject, data, headers);
    if (this.#state !== "connected") this.#lost++;
    else if (!this.#outward.push(reply.bytes, () => asker.answer(reply.data, reply.headers, reply.bytes))) {
      this.#dropped++;
    }
  }

  #announce(subscription: MemorySubscription): void {
    this.#outward.pushControl(() => {
      // It may have ended meanwhile; its own leave is then on the way behind this step.
      this.#broker.enter(subscription);
      subscription.listening();
    });
  }

  #leave(subscription: MemorySubscription, over: () => void): void {
    if (this.#state === "connected") {
      this.#outward.pushControl(() => {
        this.#broker.leave(subscription);
        this.#subscriptions.delete(subscription);
        this.#inward.pushControl(over);
      });
    } else {
      this.#subscriptions.delete(subscription);
      over();
    }
  }

  #tell(state: BusState): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(state);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

function disconnected(subject: string): BarrageError {
  return new BarrageError("unavailable", `Cannot use ${subject}: the bus is not connected`);
}
