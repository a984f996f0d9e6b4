import type { Bus, BusState } from "./bus.ts";

/** What a bus did not carry, counted since it began. */
export interface BusCounts {
  /** Messages refused because too many were waiting to be sent. */
  readonly dropped: number;
  /** Messages published while disconnected. */
  readonly lost: number;
  /** Messages on the way when a connection broke: they may have arrived or not. */
  readonly unconfirmed: number;
  /** How often each connection was lost; also when the broker hung up on a node that read too slowly. */
  readonly disconnects: Readonly<Record<string, number>>;
}

export interface BusReport extends BusCounts {
  readonly state: BusState;
  /** When it came into this state, in milliseconds since 1970. */
  readonly since: number;
}

/** How a bus is, for operators. */
export class BusVitals implements Disposable {
  readonly #bus: Bus & BusCounts;
  readonly #unwatch: () => void;
  #since: number;

  constructor(bus: Bus & BusCounts, now: () => number) {
    this.#bus = bus;
    this.#since = now();
    this.#unwatch = bus.watch(() => this.#since = now());
  }

  report(): BusReport {
    const { state, dropped, lost, unconfirmed, disconnects } = this.#bus;
    return { state, since: this.#since, dropped, lost, unconfirmed, disconnects };
  }

  [Symbol.dispose](): void {
    this.#unwatch();
  }
}
