import { getLogger } from "@logtape/logtape";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { TimerRecord, TimerStore } from "storage/storage.ts";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Drops } from "./drops.ts";

const log = getLogger(["barrage", "timers"]);

const POLL_MS = 1_000;
const PAGE = 256;
const RETRY = { baseMs: 500, maxMs: 60_000 };

export interface DurableTimersOptions {
  readonly store: TimerStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: Drops;
  /** The shards this node owns now. */
  readonly shards: () => readonly number[];
  readonly epochOf: (shard: number) => number | undefined;
  /** Delivers the timer to its actor. Rejects with `unknown_method` or `invalid_params` when it can never be. */
  readonly fire: (timer: TimerRecord) => Promise<void>;
}

interface Flight {
  attempts: number;
  /** Wall-clock time before which a failed timer is left alone; Infinity while its command is under way. */
  retryAt: number;
}

/**
 * Polls the due timers of the owned shards and delivers each as a command until its actor has answered. At least once:
 * a crash between the actor's turn and the removal of the row delivers it again, with the same (name, generation).
 */
export class DurableTimers {
  readonly #options: DurableTimersOptions;
  readonly #flights = new Map<string, Flight>();
  #wakeAt = Infinity;
  #cancel: (() => void) | undefined;
  #polling = false;
  #stopped = true;

  constructor(options: DurableTimersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  hint(dueAt: number): void {
    const { clock } = this.#options;
    if (this.#stopped || dueAt >= this.#wakeAt) return;
    this.#schedule(Math.max(0, dueAt - clock.now()));
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const delay = Math.min(ms, POLL_MS);
    this.#cancel?.();
    this.#wakeAt = clock.now() + delay;
    this.#cancel = clock.after(delay, () => this.#poll());
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    this.#wakeAt = Infinity;
    const { clock, store, shards } = this.#options;
    let wait = POLL_MS;
    try {
      const now = clock.now();
      const due = await store.due(shards(), now, PAGE);
      for (const timer of due.timers) this.#deliver(timer, now);
      if (due.timers.length === PAGE) wait = 10;
      else if (due.nextAt !== undefined) wait = Math.max(1, due.nextAt - clock.now());
    } catch (error) {
      log.warn("Cannot read due timers: {error}", { error });
    }
    this.#polling = false;
    const hinted = this.#wakeAt - clock.now();
    this.#schedule(Math.max(0, Math.min(wait, hinted)));
  }

  #deliver(timer: TimerRecord, now: number): void {
    const name = `${timer.kind}:${timer.key}:${timer.name}:${timer.generation}`;
    const flight = this.#flights.get(name) ?? { attempts: 0, retryAt: 0 };
    if (flight.retryAt > now) return;
    this.#flights.set(name, flight);
    flight.retryAt = Infinity;
    this.#run(timer).then(() => this.#flights.delete(name), (error) => {
      const { clock, random } = this.#options;
      const delay = backoffMs(flight.attempts++, random, RETRY.baseMs, RETRY.maxMs);
      flight.retryAt = clock.now() + delay;
      log.warn("Timer {name} failed, again in {delay} ms: {error}", { name, delay, error });
    });
  }

  async #run(timer: TimerRecord): Promise<void> {
    const { store, fire, epochOf, drops } = this.#options;
    try {
      await fire(timer);
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (reason === "internal" || ERRORS[reason].retry) throw error;
      // The actor has answered "no" for good, or cannot understand the timer: delivering it again changes nothing.
      drops.count("timer", reason);
      log.error("Timer {name} of {kind}:{key} is given up: {error}", { ...timer, error });
    }
    const epoch = epochOf(timer.shard);
    if (epoch === undefined) throw new BarrageError("moved");
    await store.finish(timer, epoch);
  }
}
