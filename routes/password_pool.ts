import { getLogger } from "@logtape/logtape";
import { BarrageError } from "protocol/errors.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { PasswordResult, PasswordTask } from "./password_worker.ts";

const log = getLogger(["barrage", "passwords"]);

/** Of one task, before any was timed. */
const FIRST_GUESS_MS = 100;
/** How much the newest task counts for the mean. */
const WEIGHT = 0.1;

export interface PasswordPoolOptions {
  readonly workers: number;
  /** Tasks that may wait while all workers are busy. */
  readonly queueMax: number;
  readonly drops: Drops;
}

interface Job {
  readonly task: PasswordTask;
  readonly resolve: (result: PasswordResult) => void;
  readonly reject: (error: BarrageError) => void;
}

/** Threads that hash, so that the event loop never waits for it. Each is started when it is first needed. */
export class PasswordPool implements Disposable {
  readonly #options: PasswordPoolOptions;
  readonly #waiting: Job[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #idle: Worker[] = [];
  #meanMs = FIRST_GUESS_MS;
  #closed = false;

  constructor(options: PasswordPoolOptions) {
    this.#options = options;
  }

  /** @throws {BarrageError} `overloaded` over the bound, `unavailable` once disposed. */
  run(task: PasswordTask): Promise<PasswordResult> {
    if (this.#closed) return Promise.reject(stopping());
    const { workers, queueMax, drops } = this.#options;
    const free = this.#idle.length > 0 || this.#busy.size < workers;
    if (!free && this.#waiting.length >= queueMax) {
      drops.count("passwords", "overloaded");
      const retryAfterMs = Math.ceil(this.#waiting.length * this.#meanMs / workers);
      return Promise.reject(
        new BarrageError("overloaded", "Too many passwords wait to be checked", { retryAfterMs }),
      );
    }
    return new Promise((resolve, reject) => {
      const job = { task, resolve, reject };
      if (free) this.#give(this.#idle.pop() ?? this.#start(), job);
      else this.#waiting.push(job);
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const { reject } of [...this.#busy.values(), ...this.#waiting]) reject(stopping());
    for (const worker of [...this.#busy.keys(), ...this.#idle]) worker.terminate();
    this.#waiting.length = this.#idle.length = 0;
    this.#busy.clear();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./password_worker.ts", import.meta.url), { type: "module" });
    worker.onerror = (event) => {
      event.preventDefault();
      log.error("A thread that hashes passwords has ended: {message}", { message: event.message });
      worker.terminate();
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      job?.reject(new BarrageError("internal"));
      const next = this.#waiting.shift();
      if (next !== undefined) this.#give(this.#start(), next);
    };
    return worker;
  }

  #give(worker: Worker, job: Job): void {
    this.#busy.set(worker, job);
    const begun = performance.now();
    worker.onmessage = ({ data }: MessageEvent<PasswordResult>) => {
      this.#meanMs += WEIGHT * (performance.now() - begun - this.#meanMs);
      this.#busy.delete(worker);
      job.resolve(data);
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else this.#give(worker, next);
    };
    worker.postMessage(job.task);
  }
}

function stopping(): BarrageError {
  return new BarrageError("unavailable", "The server is stopping");
}
