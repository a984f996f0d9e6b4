import type { Clock } from "actors/runtime/clock.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** From where something reaches a process; what comes from one place keeps its order over a pause. */
export type Source = "timer" | "bus" | "database" | "socket";

type Life = "running" | "paused" | "dead";

/** A simulated process: everything that happens to it comes through `deliver`, so it can stand still, or be gone. */
export class SimProcess {
  readonly clock: ProcessClock;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #backlog = new Map<Source, (() => void)[]>();
  #life: Life = "running";

  constructor(timeline: Timeline, random: Random, readonly name: string, drift: number) {
    this.#timeline = timeline;
    this.#random = random;
    this.clock = new ProcessClock(timeline, this, drift);
  }

  get alive(): boolean {
    return this.#life !== "dead";
  }

  get running(): boolean {
    return this.#life === "running";
  }

  deliver(source: Source, run: () => void): void {
    if (this.#life === "dead") return;
    // What waited for the end of a pause comes first.
    if (this.#life === "running" && this.#backlog.size === 0) return run();
    const waiting = this.#backlog.get(source);
    if (waiting === undefined) this.#backlog.set(source, [run]);
    else waiting.push(run);
  }

  /** As SIGSTOP: its clocks go on, but it does nothing. */
  pause(): void {
    if (this.#life === "running") this.#life = "paused";
  }

  /** What came meanwhile happens now, one thing after the other. */
  resume(): void {
    if (this.#life !== "paused") return;
    this.#life = "running";
    this.#catchUp();
  }

  /** As kill -9. */
  kill(): void {
    this.#life = "dead";
    this.#backlog.clear();
  }

  #catchUp(): void {
    if (this.#life !== "running" || this.#backlog.size === 0) return;
    const [source, waiting] = this.#random.pick([...this.#backlog]);
    const run = waiting.shift();
    if (waiting.length === 0) this.#backlog.delete(source);
    this.#timeline.after(0, () => this.#catchUp());
    run?.();
  }
}

const START = Date.UTC(2026, 0, 1);

export class ProcessClock implements Clock {
  /** Milliseconds by which this machine's wall clock is wrong. */
  skew = 0;
  readonly #timeline: Timeline;
  readonly #process: SimProcess;
  readonly #rate: number;
  readonly #bornAt: number;

  /** @param drift How much faster than true time it runs: 0.01 is one per cent. */
  constructor(timeline: Timeline, process: SimProcess, drift: number) {
    this.#timeline = timeline;
    this.#process = process;
    this.#rate = 1 + drift;
    this.#bornAt = timeline.now;
  }

  now(): number {
    return Math.floor(START + this.#timeline.now + this.skew);
  }

  monotonic(): number {
    return (this.#timeline.now - this.#bornAt) * this.#rate;
  }

  after(ms: number, callback: () => void): () => void {
    let cancelled = false;
    const cancel = this.#timeline.after(Math.max(0, ms) / this.#rate, () => {
      this.#process.deliver("timer", () => {
        if (!cancelled) callback();
      });
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  yield(): Promise<void> {
    return new Promise((resolve) => this.after(0, resolve));
  }
}

export function trueTime(timeline: Timeline): number {
  return Math.floor(START + timeline.now);
}
