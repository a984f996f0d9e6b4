import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { TimerRecord, TimerStore } from "storage/storage.ts";
import { backoffMs } from "./backoff.ts";
import { Call } from "./call.ts";
import { SYSTEM } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ActorDefinition } from "./definition.ts";
import type { Drops } from "./drops.ts";

const log = getLogger(["barrage", "timers"]);

const POLL_MS = 1_000;
const PAGE = 256;
/** Commands under way to one actor; its reserved lane has room for more than these. */
const PER_ACTOR = 16;
const RETRY = { baseMs: 500, maxMs: 60_000 };
const FAILING_MAX = 10_000;

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

/**
 * Polls the due timers of the owned shards and delivers each as a command until its actor has answered. At least once:
 * a crash between the actor's turn and the removal of the row delivers it again, with the same (name, generation).
 */
export class DurableTimers {
  readonly #options: DurableTimersOptions;
  /** Timers whose command is under way, and how many of them per actor. */
  readonly #flying = new Set<string>();
  readonly #perActor = new Map<string, number>();
  /** Those that were settled while the last poll was under way: what it has read of them is old. */
  readonly #landed = new Set<string>();
  /** Failures in a row, for the pause before the next attempt. */
  readonly #failures = new LRUCache<string, number>({ max: FAILING_MAX });
  #wakeAt = Infinity;
  #cancel: (() => void) | undefined;
  #polling = false;
  /** Some actor has more due timers than may be under way at once. */
  #crowded = false;
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
    this.#landed.clear();
    try {
      const due = await store.due(shards(), clock.now(), PAGE);
      this.#crowded = false;
      for (const timer of due.timers) this.#deliver(timer);
      if (due.timers.length === PAGE && !this.#crowded) wait = 0;
      else if (due.nextAt !== undefined) wait = Math.max(1, due.nextAt - clock.now());
    } catch (error) {
      log.warn("Cannot read due timers: {error}", { error });
    }
    this.#polling = false;
    const hinted = this.#wakeAt - clock.now();
    this.#schedule(Math.max(0, Math.min(wait, hinted)));
  }

  #deliver(timer: TimerRecord): void {
    const name = `${timer.kind}:${timer.key}:${timer.name}:${timer.generation}`;
    const actor = `${timer.kind}:${timer.key}`;
    const flying = this.#perActor.get(actor) ?? 0;
    if (this.#flying.has(name) || this.#landed.has(name)) return;
    if (flying >= PER_ACTOR) {
      this.#crowded = true;
      return;
    }
    this.#flying.add(name);
    this.#perActor.set(actor, flying + 1);
    this.#run(timer, name).catch((error) => {
      log.warn("Cannot settle timer {name}, it will come again: {error}", { name, error });
    }).finally(() => {
      this.#flying.delete(name);
      if (this.#polling) this.#landed.add(name);
      const left = this.#perActor.get(actor)! - 1;
      if (left > 0) this.#perActor.set(actor, left);
      else this.#perActor.delete(actor);
      if (this.#crowded) this.hint(this.#options.clock.now());
    });
  }

  async #run(timer: TimerRecord, name: string): Promise<void> {
    const { store, fire, epochOf, drops } = this.#options;
    try {
      await fire(timer);
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (reason === "internal" || ERRORS[reason].retry) return await this.#postpone(timer, name, error);
      // The actor has answered "no" for good, or cannot understand the timer: delivering it again changes nothing.
      drops.count("timer", reason);
      log.error("Timer {name} is given up: {error}", { name, error });
    }
    this.#failures.delete(name);
    const epoch = epochOf(timer.shard);
    if (epoch !== undefined) await store.finish(timer, epoch);
  }

  async #postpone(timer: TimerRecord, name: string, error: unknown): Promise<void> {
    const { store, clock, random, epochOf } = this.#options;
    const failures = this.#failures.get(name) ?? 0;
    this.#failures.set(name, failures + 1);
    const delay = backoffMs(failures, random, RETRY.baseMs, RETRY.maxMs);
    log.warn("Timer {name} failed, again in {delay} ms: {error}", { name, delay, error });
    const epoch = epochOf(timer.shard);
    if (epoch !== undefined) await store.postpone(timer, clock.now() + delay, epoch);
  }
}

/** @throws {BarrageError} `unknown_method` or `invalid_params` when the timer can never be carried out. */
export function timerCall(definition: ActorDefinition, timer: TimerRecord, deadline: number): Call {
  const { name, verb, generation } = timer;
  const input = definition.verbs[verb]?.input.safeParse(timer.input);
  if (input === undefined) throw new BarrageError("unknown_method", `No ${timer.kind}.${verb}`);
  if (!input.success) throw new BarrageError("invalid_params", `Input of timer ${name} is not valid`);
  const id = `timer:${name}:${generation}`;
  return new Call({ verb, input: input.data, caller: SYSTEM, deadline, bytes: 0, id, chain: [], timer });
}
