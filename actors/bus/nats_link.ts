import type { Msg } from "nats";
import { BarrageError } from "protocol/errors.ts";
import { BUS_MAX_BYTES, type Headers } from "./bus.ts";
import { dial, type DialOptions, inSentence, type NatsServer } from "./nats_dial.ts";
import { NatsSession } from "./nats_session.ts";
import { NatsSubscription, type SubscriptionTerms } from "./nats_subscription.ts";
import type { PipeLimits } from "./pipe.ts";

export interface LinkOptions extends Omit<DialOptions, "signal"> {
  readonly servers: readonly NatsServer[];
  readonly limits: PipeLimits;
  readonly onError: (error: unknown) => void;
  /** Called after every change of `connected`. */
  readonly onChange: () => void;
}

type LinkState =
  | { readonly kind: "disconnected" }
  | { readonly kind: "opening"; readonly session: NatsSession }
  | { readonly kind: "connected"; readonly session: NatsSession }
  | { readonly kind: "closed" };

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
const TOLD_MAX = 32;

/** A connection that is made again, with all its subscriptions, whenever it ends. */
export class NatsLink {
  readonly #options: LinkOptions;
  readonly #subscriptions = new Set<NatsSubscription>();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #state: LinkState = { kind: "disconnected" };
  #maxBytes = BUS_MAX_BYTES;
  #failure: Error | undefined;
  readonly #told = new Set<string>();
  #dropped = 0;
  #lost = 0;
  #unconfirmed = 0;
  #disconnects = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#state.kind === "connected";
  }

  /** Why there is no connection yet. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get lost(): number {
    return this.#lost;
  }

  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  /** False when the message was dropped or lost; it is then counted. */
  send(subject: string, data: Uint8Array, headers: Headers, bytes: number, reply?: string): boolean {
    if (this.#state.kind !== "connected" || !this.#state.session.alive) {
      this.#lost++;
      return false;
    }
    const sent = this.#state.session.send(subject, data, headers, bytes, reply);
    if (!sent) this.#dropped++;
    return sent;
  }

  request(
    subject: string,
    data: Uint8Array,
    headers: Headers,
    bytes: number,
    signal: AbortSignal,
  ): Promise<Msg> {
    if (this.#state.kind !== "connected" || !this.#state.session.alive) {
      throw new BarrageError("unavailable", `Cannot ask ${subject}: the bus is not connected`);
    }
    const send = (reply: string) => this.send(subject, data, headers, bytes, reply);
    return this.#state.session.request(subject, signal, send);
  }

  subscribe(terms: Omit<SubscriptionTerms, "ended">): NatsSubscription {
    const subscription = new NatsSubscription({
      ...terms,
      ended: (subscription) => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    if (this.#state.kind === "connected") void this.#enter(subscription, this.#state.session);
    return subscription;
  }

  /** Hands over what was sent, for at most `timeoutMs`, then ends everything. */
  async close(timeoutMs: number): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#closing.abort();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    if (state.kind === "connected") await this.#drain(state.session, timeoutMs);
    if (state.kind === "opening") await state.session.close();
    await this.#running;
  }

  async #drain(session: NatsSession, timeoutMs: number): Promise<void> {
    session.refuse(new BarrageError("unavailable", "Cannot await the answer: the bus is closing"));
    const timer = setTimeout(() => void session.close(), timeoutMs);
    const confirmed = await session.confirm();
    clearTimeout(timer);
    if (!confirmed) {
      const { name, onError } = this.#options;
      onError(
        new Error(`Cannot close ${name} in order: ${session.unconfirmed} messages may not have arrived`),
      );
    }
    await session.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { servers } = this.#options;
    let next = Math.floor(Math.random() * servers.length);
    for (let failures = 0; !signal.aborted;) {
      const server = servers[next++ % servers.length];
      if (server === undefined) throw new TypeError("Cannot connect to the bus: there is no server");
      const session = await this.#dial(server);
      const since = performance.now();
      if (session !== undefined) await this.#serve(session, server);
      // A server that takes connections and ends them at once is no better than one that takes none.
      if (performance.now() - since > RETRY_MAX_MS) failures = 0;
      await pause(Math.random() * Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_MAX_MS), signal);
    }
  }

  async #dial(server: NatsServer): Promise<NatsSession | undefined> {
    try {
      const connection = await dial(server, { ...this.#options, signal: this.#closing.signal });
      return new NatsSession(connection, this.#options);
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
      return undefined;
    }
  }

  /** Until the connection ends. */
  async #serve(session: NatsSession, server: NatsServer): Promise<void> {
    if (this.#closing.signal.aborted) return await session.close();
    this.#state = { kind: "opening", session };
    const entered = new Set(this.#subscriptions);
    for (const subscription of entered) subscription.enter(session);
    if (await session.confirm() && !this.#closing.signal.aborted) this.#begin(session, entered);
    const cause = await session.ended;
    this.#unconfirmed += session.unconfirmed;
    if (this.#closing.signal.aborted) return;
    this.#state = { kind: "disconnected" };
    this.#disconnects++;
    const { name, onChange } = this.#options;
    this.#fail(new Error(`The connection ${name} to ${server.label} was lost: ${reason(cause)}`, { cause }));
    onChange();
  }

  #begin(session: NatsSession, entered: ReadonlySet<NatsSubscription>): void {
    this.#maxBytes = session.maxBytes;
    this.#failure = undefined;
    this.#told.clear();
    this.#state = { kind: "connected", session };
    for (const subscription of this.#subscriptions) {
      if (entered.has(subscription)) subscription.listening();
      else void this.#enter(subscription, session);
    }
    this.#options.onChange();
  }

  async #enter(subscription: NatsSubscription, session: NatsSession): Promise<void> {
    subscription.enter(session);
    if (await session.confirm()) subscription.listening();
  }

  /** Reports what keeps failing once, until there is a connection again. */
  #fail(error: Error): void {
    this.#failure = error;
    if (this.#told.has(error.message) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(error.message);
    this.#options.onError(error);
  }
}

function reason(cause: Error | undefined): string {
  // Servers hang up without a word on a client that reads too slowly.
  return cause === undefined ? "it hung up, or answers no pings" : inSentence(cause.message);
}

/** Ends early, without an error, when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = () => resolve();
  signal.addEventListener("abort", end, { once: true });
  await promise;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
}
