import { getLogger } from "@logtape/logtape";
import type { ActorDefinition, Verbs } from "actors/runtime/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { poolActor, poolKey, type Runner } from "../pool/definition.ts";
import { CUT_WITHIN_MS } from "../pool/limits.ts";
import { answerActor } from "./definition.ts";
import { type Errand, Run, type RunPorts } from "./run.ts";

const log = getLogger(["barrage", "ai"]);

export interface RunsPorts extends Omit<RunPorts, "answer" | "pool" | "runner" | "pause"> {
  /** This process; undefined while its lease is lost, when others may take its calls to be over. */
  runner(): Runner | undefined;
  /** To actors, in the server's own name. */
  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string): Ref<V>;
}

/** While so many calls are made at a time, each of them gathers text for so long before it is passed on. */
const MANY = 32;
const GATHER_MS = 25;

interface Running {
  readonly run: Run;
  /** As which it was begun. */
  readonly runner: Runner;
  readonly over: Promise<void>;
}

/** The calls that this node makes. */
export class Runs implements AsyncDisposable {
  readonly #ports: RunsPorts;
  readonly #running = new Map<string, Running>();
  #watching = false;
  #beat: Promise<void> | undefined;

  constructor(ports: RunsPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Again with the same lease is harmless. */
  begin(errand: Errand, model: string): void {
    const { lease } = errand.lease;
    const runner = this.#ports.runner();
    if (runner === undefined || this.#running.has(lease)) return;
    const run = new Run(errand, {
      ...this.#ports,
      runner,
      pause: this.#pause,
      answer: this.#ports.ref(answerActor, errand.answer),
      pool: this.#ports.ref(poolActor, poolKey(errand.request.feature, model)),
    });
    const over = run.work().catch((error) => {
      log.error("A call ended in an unknown way: {error}", { error });
    }).finally(() => this.#running.delete(lease));
    this.#running.set(lease, { run, runner, over });
    this.#watch();
  }

  /** Ends the call if it is made here. */
  cancel(lease: string): void {
    this.#running.get(lease)?.run.cut("stopped");
  }

  /** All calls wait for the same moment. */
  readonly #pause = (): Promise<void> | undefined => {
    if (this.#running.size < MANY) return undefined;
    return this.#beat ??= new Promise((resolve) => {
      this.#ports.clock.after(GATHER_MS, () => {
        this.#beat = undefined;
        resolve();
      });
    });
  };

  /** Calls of a process that has lost its lease are cut off, for others lend their slots again. */
  #watch(): void {
    if (this.#watching || this.#running.size === 0) return;
    this.#watching = true;
    this.#ports.clock.after(CUT_WITHIN_MS, () => {
      this.#watching = false;
      const now = this.#ports.runner();
      for (const { run, runner } of this.#running.values()) {
        if (now?.id !== runner.id || now.epoch !== runner.epoch) run.cut("lapsed");
      }
      this.#watch();
    });
  }

  /** Cuts all calls off, gives their slots back, and lets the answers go on elsewhere. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#running.values()];
    for (const { run } of all) run.cut("leaving");
    await Promise.all(all.map(({ over }) => over));
  }
}
