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
import { checkContent, checkMessage, NO_HEADERS } from "./message.ts";
import { parseServer } from "./nats_dial.ts";
import { NatsLink } from "./nats_link.ts";
import { decodeMessage } from "./nats_message.ts";
import type { PipeLimits } from "./pipe.ts";
import { checkPattern, checkSubject } from "./subjects.ts";

export interface NatsOptions {
  /** `nats://` or `tls://` URLs; `user:password@` or `token@` before the host where needed. */
  readonly servers: readonly string[];
  /** How the server's tools show this node. */
  readonly name: string;
  /** Receives what a subscriber's or watcher's callback throws, what the server refuses, and every lost connection. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds for the first connection, tries included. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** A server silent for three of these, in milliseconds, is taken for lost. @default 5,000 */
  readonly pingIntervalMs?: number;
  /** Milliseconds a disposal may wait for the server to take in what was published. @default 5,000 */
  readonly closeTimeoutMs?: number;
  /** What may be on the way to the server, on each connection. @default 65,536 messages and 64 MiB */
  readonly limits?: PipeLimits;
}

/** Events, which may be many and large; a node that falls behind on them must still hear and answer commands. */
const BULK = "barrage.v1.evt.";
const DIAL_TIMEOUT_MS = 2_000;

/** A node's road to the others over NATS: one connection for events, one for everything else. */
export class NatsBus implements Bus {
  readonly #control: NatsLink;
  readonly #bulk: NatsLink;
  readonly #onError: (error: unknown) => void;
  readonly #closeTimeoutMs: number;
  readonly #watchers = new Set<(state: BusState) => void>();
  #state: BusState = "disconnected";
  #disposal: Promise<void> | undefined;

  private constructor(options: NatsOptions) {
    this.#onError = options.onError;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 5_000;
    const servers = options.servers.map(parseServer);
    if (servers.length === 0) throw new TypeError("Cannot connect to the bus: no server is given");
    const open = (lane: string) =>
      new NatsLink({
        servers,
        name: `${options.name} ${lane}`,
        timeoutMs: Math.min(DIAL_TIMEOUT_MS, options.connectTimeoutMs ?? DIAL_TIMEOUT_MS),
        pingIntervalMs: options.pingIntervalMs ?? 5_000,
        limits: options.limits ?? { messages: 65_536, bytes: 64 * 1_048_576 },
        onError: options.onError,
        onChange: () => this.#update(),
      });
    this.#control = open("control");
    this.#bulk = open("bulk");
  }

  /** @throws {BarrageError} `unavailable` when there is no connection in time; the message shows no credentials. */
  static async connect(options: NatsOptions): Promise<NatsBus> {
    const timeoutMs = options.connectTimeoutMs ?? 10_000;
    const bus = new NatsBus(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    const unwatch = bus.watch(() => resolve());
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
    unwatch();
    if (bus.state === "connected") return bus;
    const failure = bus.#control.failure ?? bus.#bulk.failure;
    await bus[Symbol.asyncDispose]();
    throw new BarrageError(
      "unavailable",
      failure?.message ?? `Cannot connect to the bus: no answer in ${timeoutMs} ms`,
      { cause: failure },
    );
  }

  get state(): BusState {
    return this.#state;
  }

  /** Messages refused because too many were on the way to the server. */
  get dropped(): number {
    return this.#control.dropped + this.#bulk.dropped;
  }

  /** Messages published while disconnected. What others published meanwhile, nobody can count. */
  get lost(): number {
    return this.#control.lost + this.#bulk.lost;
  }

  /** Messages on the way when a connection broke: they may have arrived or not. */
  get unconfirmed(): number {
    return this.#control.unconfirmed + this.#bulk.unconfirmed;
  }

  /** How often each connection was lost. Servers also hang up on a client that reads too slowly. */
  get disconnects(): { readonly control: number; readonly bulk: number } {
    return { control: this.#control.disconnects, bulk: this.#bulk.disconnects };
  }

  watch(listener: (state: BusState) => void): () => void {
    this.#watchers.add(listener);
    return () => {
      this.#watchers.delete(listener);
    };
  }

  publish(subject: string, data: Uint8Array, headers: Headers = NO_HEADERS): void {
    const link = this.#link(subject);
    link.send(subject, data, headers, checkMessage(subject, data, headers, link.maxBytes));
  }

  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage> {
    const { signal, headers = NO_HEADERS } = options;
    const link = this.#link(subject);
    const bytes = checkMessage(subject, data, headers, link.maxBytes);
    signal.throwIfAborted();
    const answer = await link.request(subject, data, headers, bytes, signal);
    return decodeMessage(answer, subject, () => {});
  }

  subscribe(
    subject: string,
    receive: (message: BusMessage) => void,
    options: SubscribeOptions = {},
  ): Subscription {
    checkPattern(subject);
    if (options.queue !== undefined) checkSubject(options.queue);
    if (this.#disposal !== undefined) {
      throw new BarrageError("unavailable", `Cannot use ${subject}: the bus is closed`);
    }
    const link = this.#link(subject);
    return link.subscribe({
      pattern: subject,
      queue: options.queue,
      receive: (message) => {
        const { reply } = message;
        receive(decodeMessage(message, message.subject, (data, headers = NO_HEADERS) => {
          if (reply) link.send(reply, data, headers, checkContent(data, headers, link.maxBytes));
        }));
      },
    });
  }

  /** What was published before is still handed over, unless the server takes too long. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposal ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    const closing = [this.#control, this.#bulk].map((link) => link.close(this.#closeTimeoutMs));
    this.#update();
    this.#watchers.clear();
    await Promise.all(closing);
  }

  /** One connection for each subject, or messages on it might overtake each other. */
  #link(subject: string): NatsLink {
    return subject.startsWith(BULK) ? this.#bulk : this.#control;
  }

  #update(): void {
    const state = this.#control.connected && this.#bulk.connected ? "connected" : "disconnected";
    if (state === this.#state) return;
    this.#state = state;
    for (const watcher of this.#watchers) {
      try {
        watcher(state);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
