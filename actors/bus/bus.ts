/** Header names and values are ASCII; a header sent twice keeps its last value. */
export type Headers = Readonly<Record<string, string>>;

export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Headers;
  /** Answers a request; does nothing on a message nobody awaits an answer to. */
  respond(data: Uint8Array, headers?: Headers): void;
}

export interface Subscription {
  /** Resolves when messages published after it are seen by this subscription. */
  readonly ready: Promise<void>;
  /** Stops at once; messages on the way are not delivered. */
  unsubscribe(): void;
  /** Takes leave of the broker; messages that it had sent on the way by then are still delivered. */
  drain(): void;
}

export interface RequestOptions {
  readonly headers?: Headers;
  /** Ends the wait; the request rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface SubscribeOptions {
  /** Of all subscriptions with the same subject and queue, one gets each message. */
  readonly queue?: string;
}

export type BusState = "connected" | "disconnected";

/**
 * The transport between nodes, at most once: a message to nobody, or sent while disconnected, is lost.
 * Subjects are dot-separated tokens; subscriptions may use `*` for one token and `>` for the rest.
 * Delivery is asynchronous, in the order published per publisher and subject; data is copied.
 */
export interface Bus extends AsyncDisposable {
  readonly state: BusState;
  /** Calls back on every change of `state`; returns a function that ends it. */
  watch(listener: (state: BusState) => void): () => void;
  /** @throws {BarrageError} `too_large` over BUS_MAX_BYTES, `invalid_request` for a malformed subject. */
  publish(subject: string, data: Uint8Array, headers?: Headers): void;
  /** @throws {NoResponders} when nobody listens; `unavailable` when disconnected; `too_large` as publish. */
  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<BusMessage>;
  subscribe(
    subject: string,
    receive: (message: BusMessage) => void,
    options?: SubscribeOptions,
  ): Subscription;
}

/** What brokers refuse by default; data and headers together. */
export const BUS_MAX_BYTES = 1_048_576;

/** Nobody subscribes to the subject right now. It does not mean that the owner is dead. */
export class NoResponders extends Error {
  override readonly name = "NoResponders";
  constructor(readonly subject: string) {
    super(`Nobody listens on ${subject}`);
  }
}
