import { goneInMs, type Holder } from "actors/runtime/ownership.ts";
import type { SimProcess } from "../process.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";

const TIMES = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500 };
const DELAY_MS = 50;

/** The leases of all processes as the database has them, by its own clock. */
export class NodeLeases {
  readonly #timeline: Timeline;
  readonly #nodes = new Map<string, { epoch: number; expiresAt: number }>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  register(id: string): number {
    const epoch = (this.#nodes.get(id)?.epoch ?? 0) + 1;
    this.#nodes.set(id, { epoch, expiresAt: this.#timeline.now + TIMES.ttlMs });
    return epoch;
  }

  renew({ id, epoch }: Holder): boolean {
    const node = this.#nodes.get(id);
    if (node?.epoch !== epoch || node.expiresAt <= this.#timeline.now) return false;
    node.expiresAt = this.#timeline.now + TIMES.ttlMs;
    return true;
  }

  goneInMs(holders: readonly Holder[]): (number | undefined)[] {
    const living = [...this.#nodes].filter(([, { expiresAt }]) => expiresAt > this.#timeline.now)
      .map(([id, { epoch }]) => ({ id, epoch }));
    return goneInMs(holders, living, TIMES);
  }
}

/** What one process knows of its own: it takes it to be over long before the database does. */
export class NodeLease {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #process: SimProcess;
  readonly #leases: NodeLeases;
  #held: Holder;
  #validUntil: number;
  #silentUntil = -Infinity;

  constructor(timeline: Timeline, random: Random, process: SimProcess, leases: NodeLeases) {
    this.#timeline = timeline;
    this.#random = random;
    this.#process = process;
    this.#leases = leases;
    this.#held = { id: process.name, epoch: leases.register(process.name) };
    this.#validUntil = process.clock.monotonic() + TIMES.fenceMs;
    this.#later();
  }

  get holder(): Holder | undefined {
    return this.#process.clock.monotonic() < this.#validUntil ? this.#held : undefined;
  }

  /** Nothing that it says to the database arrives. */
  silence(ms: number): void {
    this.#silentUntil = this.#timeline.now + ms;
  }

  #later(): void {
    this.#process.clock.after(TIMES.renewMs, () => {
      this.#renew();
      this.#later();
    });
  }

  #renew(): void {
    const { clock } = this.#process;
    const sentAt = clock.monotonic();
    const lost = sentAt >= this.#validUntil;
    if (this.#timeline.now < this.#silentUntil) return;
    const held = this.#held;
    this.#timeline.after(this.#random.between(0, DELAY_MS), () => {
      const epoch = !lost && this.#leases.renew(held) ? held.epoch : this.#leases.register(held.id);
      this.#timeline.after(this.#random.between(0, DELAY_MS), () =>
        this.#process.deliver("database", () => {
          if (this.#held !== held) return;
          if (epoch !== held.epoch) this.#held = { ...held, epoch };
          this.#validUntil = sentAt + TIMES.fenceMs;
        }));
    });
  }
}
