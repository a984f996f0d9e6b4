import { BarrageError } from "protocol/errors.ts";
import type { LeaseRecord, PoolStore, StoredPool, UseState, WaitingRecord } from "storage/ai_storage.ts";
import {
  type CommitLane,
  type Fence,
  FencedError,
  type TimerRecord,
  type TimerStore,
  type Write,
} from "storage/storage.ts";
import type { SimProcess } from "../process.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";

export interface DatabaseWeather {
  /** Milliseconds of one way, at most. */
  readonly delayMs: number;
  readonly slowChance: number;
  readonly slowMs: number;
  /** Commits and reads that break, before or after they were carried out. */
  readonly breakChance: number;
}

/** The rows of one pool: small, in memory, and with the fence that counts. */
export class PoolRows {
  epoch = 0;
  resting = true;
  readonly leases = new Map<string, LeaseRecord>();
  readonly states = new Map<string, UseState>();
  timer: TimerRecord | undefined;
  readonly everLent = new Set<string>();

  constructor(readonly waiting: () => WaitingRecord[]) {}
}

interface RowsWrite extends Write {
  readonly change: (rows: PoolRows) => void;
}

function write(change: (rows: PoolRows) => void): Write {
  return { change } as unknown as Write;
}

/** The database as one process reaches it. */
export class PoolDatabase {
  readonly pools: PoolStore;
  readonly timers: TimerStore;
  readonly lane: CommitLane;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #process: SimProcess;
  readonly #rows: PoolRows;
  readonly #weather: () => DatabaseWeather;

  constructor(
    timeline: Timeline,
    random: Random,
    process: SimProcess,
    rows: PoolRows,
    weather: () => DatabaseWeather,
  ) {
    this.#timeline = timeline;
    this.#random = random;
    this.#process = process;
    this.#rows = rows;
    this.#weather = weather;
    this.pools = {
      acquire: (key, epoch, limit) => this.#ask(() => this.#acquire(key, epoch, limit), "unavailable"),
      lend: (_key, leases) =>
        write((rows) => {
          for (const lease of leases) {
            rows.leases.set(lease.id, lease);
            rows.everLent.add(lease.id);
          }
        }),
      run: (_key, lease, runner) =>
        write((rows) => {
          const lent = rows.leases.get(lease);
          if (lent !== undefined) rows.leases.set(lease, { ...lent, runner });
        }),
      giveBack: (_key, leases) =>
        write((rows) => {
          for (const lease of leases) rows.leases.delete(lease);
        }),
      rest: (_key, resting) => write((rows) => void (rows.resting = resting)),
      remember: (_key, state) => write((rows) => void rows.states.set(state.credential, state)),
      forget: (_key, credential) => write((rows) => void rows.states.delete(credential)),
    };
    this.timers = {
      set: (timer) => write((rows) => void (rows.timer = timer)),
      cancel: () => write((rows) => void (rows.timer = undefined)),
      done: ({ generation }) =>
        write((rows) => {
          if (rows.timer?.generation === generation) rows.timer = undefined;
        }),
      due: () => Promise.reject(new Error("The world delivers timers")),
      finish: () => Promise.reject(new Error("The world delivers timers")),
      postpone: () => Promise.reject(new Error("The world delivers timers")),
    };
    this.lane = {
      stats: { transactions: 0, units: 0, waiting: 0 },
      commit: (fence, writes) => this.#ask(() => this.#commit(fence, writes), "timeout"),
    };
  }

  #acquire(id: string, epoch: number, limit: number): StoredPool {
    if (this.#rows.epoch > epoch) throw new FencedError({ noun: "pool", id, epoch });
    this.#rows.epoch = epoch;
    const { resting, leases, states, waiting } = this.#rows;
    return {
      resting,
      leases: [...leases.values()],
      states: [...states.values()],
      waiting: waiting().sort((a, b) => a.answer < b.answer ? -1 : 1).slice(0, limit),
    };
  }

  #commit(fence: Fence, writes: readonly Write[]): void {
    if (this.#rows.epoch !== fence.epoch) throw new FencedError(fence);
    for (const { change } of writes as readonly RowsWrite[]) change(this.#rows);
  }

  #ask<T>(run: () => T, broken: "unavailable" | "timeout"): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        this.#timeline.after(this.#delay(), () => this.#process.deliver("database", settle));
      };
      const fail = (reason: "unavailable" | "timeout") => answer(() => reject(new BarrageError(reason)));
      const { breakChance } = this.#weather();
      if (this.#random.chance(breakChance / 2)) return fail("unavailable");
      this.#timeline.after(this.#delay(), () => {
        let settle: () => void;
        try {
          const output = run();
          settle = () => resolve(output);
        } catch (error) {
          settle = () => reject(error);
        }
        if (this.#random.chance(breakChance / 2)) fail(broken);
        else answer(settle);
      });
    });
  }

  #delay(): number {
    const { delayMs, slowChance, slowMs } = this.#weather();
    return this.#random.chance(slowChance)
      ? this.#random.between(0, slowMs)
      : this.#random.between(0.1, delayMs);
  }
}
