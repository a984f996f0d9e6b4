/** Milliseconds; a wait is counted in the first it is not longer than. */
export const WAIT_BUCKETS_MS = [1, 5, 20, 100, 500, 2_000, 10_000, 30_000, 120_000] as const;

const FAIRNESS_MS = 10_000;
const USERS_MAX = 10_000;

/** How a pool stands at some moment. */
export interface PoolGauge {
  readonly waiting: number;
  readonly busy: number;
  readonly slots: number;
}

const NOTHING: PoolGauge = { waiting: 0, busy: 0, slots: 0 };

/** What the pools of a node have done since its start. */
export class PoolMeters {
  readonly counts = {
    grants: 0,
    merged: 0,
    declined: 0,
    leases_lapsed: 0,
    probes: 0,
    /** The upstream found it too much, though by our books it was not. */
    over_rate: 0,
    over_concurrency: 0,
    waitMs: 0,
    /** While somebody waited: the time that slots were lent, and the time there were. */
    busySlotMs: 0,
    slotMs: 0,
  };
  /** Grants by how long they were waited for; the last one is for longer waits than all buckets. */
  readonly waits: number[] = [...WAIT_BUCKETS_MS.map(() => 0), 0];
  readonly #open = new Set<PoolMeter>();

  open(key: string, now: number): PoolMeter {
    const meter = new PoolMeter(key, this, now, () => this.#open.delete(meter));
    this.#open.add(meter);
    return meter;
  }

  /** Pools in memory. */
  get pools(): Iterable<PoolMeter> {
    return this.#open;
  }
}

/** One incarnation of a pool. */
export class PoolMeter {
  gauge: PoolGauge = NOTHING;
  /** Jain's index over those who waited during the whole of the last window; 1 is fair. */
  fairness: number | undefined;
  #at: number;
  #windowAt = 0;
  /** Grants of the window, for those who have waited since it began. */
  #granted = new Map<string, number>();

  constructor(
    readonly key: string,
    readonly meters: PoolMeters,
    now: number,
    readonly close: () => void,
  ) {
    this.#at = now;
  }

  /** From now on it stands so. */
  pass(gauge: PoolGauge, now: number): void {
    const ms = now - this.#at;
    const { waiting, busy, slots } = this.gauge;
    if (waiting > 0 && ms > 0) {
      this.meters.counts.busySlotMs += busy * ms;
      this.meters.counts.slotMs += Math.max(busy, slots) * ms;
    }
    this.gauge = gauge;
    this.#at = now;
  }

  granted(user: string, waitedMs: number): void {
    const { counts, waits } = this.meters;
    counts.grants++;
    counts.waitMs += waitedMs;
    const bucket = WAIT_BUCKETS_MS.findIndex((ms) => waitedMs <= ms);
    waits[bucket < 0 ? WAIT_BUCKETS_MS.length : bucket]!++;
    const before = this.#granted.get(user);
    if (before !== undefined) this.#granted.set(user, before + 1);
  }

  /** These wait at this moment; to be told about once a second. */
  present(waits: (user: string) => boolean, users: Iterable<string>, now: number): void {
    for (const user of this.#granted.keys()) if (!waits(user)) this.#granted.delete(user);
    if (now - this.#windowAt < FAIRNESS_MS) return;
    this.fairness = jain([...this.#granted.values()]);
    this.#windowAt = now;
    this.#granted = new Map();
    for (const user of users) {
      if (this.#granted.size >= USERS_MAX) break;
      this.#granted.set(user, 0);
    }
  }
}

/** 1 when all have got the same, 1/n when one has got everything; undefined when there is nobody to compare with. */
export function jain(shares: readonly number[]): number | undefined {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.length < 2 || sum === 0) return undefined;
  return sum * sum / (shares.length * shares.reduce((total, share) => total + share * share, 0));
}
