import { BarrageError } from "protocol/errors.ts";
import {
  type Bus,
  type BusMessage,
  type BusState,
  type Headers,
  NoResponders,
  type RequestOptions,
  type SubscribeOptions,
  type Subscription,
} from "actors/bus/bus.ts";
import { checkMessage } from "actors/bus/message.ts";
import type { SimProcess } from "./process.ts";
import type { Letter, Listener, Network, Wire } from "./network.ts";

const NO_HEADERS: Headers = Object.freeze({});

/** One process's connection to the simulated broker. */
export class SimBus implements Bus {
  readonly #network: Network;
  readonly #process: SimProcess;
  readonly #watchers = new Set<(state: BusState) => void>();
  readonly #subscriptions = new Set<SimSubscription>();
  readonly #asking = new Set<(error: BarrageError) => void>();
  #wire: Wire | undefined;

  constructor(network: Network, process: SimProcess) {
    this.#network = network;
    this.#process = process;
    this.#wire = network.plug();
  }

  /** What this process takes for true; a cable may be cut for long before it is noticed. */
  get state(): BusState {
    return this.#wire === undefined ? "disconnected" : "connected";
  }

  watch(listener: (state: BusState) => void): () => void {
    this.#watchers.add(listener);
    return () => {
      this.#watchers.delete(listener);
    };
  }

  publish(subject: string, data: Uint8Array, headers: Headers = NO_HEADERS): void {
    checkMessage(subject, data, headers);
    if (!this.#process.alive) return;
    const letter: Letter = { subject, data: data.slice(), headers };
    const wire = this.#wire;
    wire?.toBroker(() => this.#network.route(letter, wire));
  }

  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage> {
    const { signal, headers = NO_HEADERS } = options;
    checkMessage(subject, data, headers);
    signal.throwIfAborted();
    const wire = this.#wire;
    if (wire === undefined) throw new BarrageError("unavailable", `Cannot ask ${subject}: not connected`);
    const { promise, resolve, reject } = Promise.withResolvers<BusMessage>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#asking.add(reject);
    const back = (run: () => void) => wire.fromBroker(() => this.#process.deliver("bus", run));
    const letter: Letter = {
      subject,
      data: data.slice(),
      headers,
      asker: {
        answer: (data, headers) => back(() => resolve({ subject, data, headers, respond: () => {} })),
        nobody: () => back(() => reject(new NoResponders(subject))),
      },
    };
    if (this.#process.alive) wire.toBroker(() => this.#network.route(letter, wire));
    try {
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
    const subscription: SimSubscription = new SimSubscription(
      subject,
      options.queue,
      (letter) => receive(this.#message(letter)),
      (over) => {
        this.#subscriptions.delete(subscription);
        const wire = this.#wire;
        if (!this.#process.alive) return;
        wire?.toBroker(() => {
          this.#network.leave(subscription, wire);
          wire.fromBroker(() => this.#process.deliver("bus", over));
        });
      },
    );
    this.#subscriptions.add(subscription);
    this.#announce(subscription);
    return subscription;
  }

  /** The connection breaks, and the process notices after `noticeMs`; until then it talks to nobody. */
  cut(noticeMs: number): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#network.unplug(wire);
    this.#network.timeline.after(noticeMs, () => {
      this.#process.deliver("bus", () => {
        if (this.#wire !== wire) return;
        this.#wire = undefined;
        for (const reject of this.#asking) {
          reject(new BarrageError("unavailable", "The bus got disconnected"));
        }
        for (const watcher of this.#watchers) watcher("disconnected");
      });
    });
  }

  /** A cut that nobody had noticed yet is noticed now. */
  mend(): void {
    this.#process.deliver("bus", () => {
      if (this.#wire?.connected === true) return;
      const noticed = this.#wire === undefined;
      this.#wire = this.#network.plug();
      for (const reject of this.#asking) reject(new BarrageError("unavailable", "The bus got disconnected"));
      if (!noticed) { for (const watcher of this.#watchers) watcher("disconnected"); }
      for (const subscription of this.#subscriptions) this.#announce(subscription);
      for (const watcher of this.#watchers) watcher("connected");
    });
  }

  /** The process is gone, and with it its connection. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#wire !== undefined) this.#network.unplug(this.#wire);
    return Promise.resolve();
  }

  #announce(subscription: SimSubscription): void {
    const wire = this.#wire;
    wire?.toBroker(() => {
      if (subscription.active) {
        this.#network.enter(subscription, wire, (letter) => {
          wire.fromBroker(() => {
            this.#process.deliver("bus", () => {
              if (!subscription.ended) subscription.receive(letter);
            });
          });
        });
      }
      wire.fromBroker(() => this.#process.deliver("bus", () => subscription.listening()));
    });
  }

  #message(letter: Letter): BusMessage {
    return {
      subject: letter.subject,
      data: letter.data.slice(),
      headers: letter.headers,
      respond: (data, headers = NO_HEADERS) => {
        const { asker } = letter;
        const copy = data.slice();
        if (asker !== undefined && this.#process.alive) {
          this.#wire?.toBroker(() => asker.answer(copy, headers));
        }
      },
    };
  }
}

class SimSubscription implements Subscription, Listener {
  readonly ready: Promise<void>;
  readonly listening: () => void;
  readonly #left: (over: () => void) => void;
  #life: "active" | "draining" | "ended" = "active";

  constructor(
    readonly pattern: string,
    readonly queue: string | undefined,
    readonly receive: (letter: Letter) => void,
    left: (over: () => void) => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.listening = resolve;
    this.#left = left;
  }

  get active(): boolean {
    return this.#life === "active";
  }

  get ended(): boolean {
    return this.#life === "ended";
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
    this.listening();
    this.#left(() => this.#life = "ended");
  }
}
