import type { Method, Params, Result } from "protocol/methods.ts";
import type { Clock } from "./clock.ts";
import { BarrageCallError } from "./errors.ts";

/** One call from the moment it is made until it is answered, across as many links as that takes. */
export class Call {
  readonly method: Method;
  readonly params: unknown;
  /** May be sent again when the outcome is unknown, because sending it twice does no harm. */
  readonly repeatable: boolean;
  readonly promise: Promise<unknown>;
  /** Goes first on a new link: a room has to be entered before anything else can be done in it. */
  readonly urgent: boolean;
  settled = false;
  /** It may have been carried out: that a later sending was refused does not say that nothing was done. */
  doubtful = false;
  /** The link on which it was repeated last; once per link is enough. */
  repeatedOn: number | undefined;
  readonly #clock: Clock;
  readonly #timer: unknown;
  readonly #deadline: number;
  #resolve!: (result: unknown) => void;
  #reject!: (error: BarrageCallError) => void;

  constructor(
    request: { method: Method; params: unknown; repeatable: boolean },
    limit: { clock: Clock; timeoutMs: number },
  ) {
    this.method = request.method;
    this.params = request.params;
    this.repeatable = request.repeatable;
    this.urgent = request.method === "room.join";
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#clock = limit.clock;
    this.#deadline = limit.clock.now() + limit.timeoutMs;
    this.#timer = limit.clock.set(
      () => this.reject(new BarrageCallError("timeout", `Cannot finish ${this.method}: no answer in time`)),
      limit.timeoutMs,
    );
  }

  get msLeft(): number {
    return this.#deadline - this.#clock.now();
  }

  resolve(result: unknown): void {
    if (this.#settle()) this.#resolve(result);
  }

  reject(error: BarrageCallError): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#clock.clear(this.#timer);
    return true;
  }
}

/** What a `Call` returns, typed by its method. */
export type CallMethod = <M extends Method>(
  method: M,
  params: Params<M>,
  options?: { repeatable?: boolean; timeoutMs?: number },
) => Promise<Result<M>>;
