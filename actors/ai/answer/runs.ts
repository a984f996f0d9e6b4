import { getLogger } from "@logtape/logtape";
import type { ActorDefinition, Verbs } from "actors/runtime/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { poolActor, poolKey } from "../pool/definition.ts";
import { answerActor } from "./definition.ts";
import { type Errand, Run, type RunPorts } from "./run.ts";

const log = getLogger(["barrage", "ai"]);

export interface RunsPorts extends Omit<RunPorts, "answer" | "pool"> {
  /** To actors, in the server's own name. */
  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string): Ref<V>;
}

/** The calls that this node makes. */
export class Runs implements AsyncDisposable {
  readonly #ports: RunsPorts;
  readonly #running = new Map<string, { readonly run: Run; readonly over: Promise<void> }>();

  constructor(ports: RunsPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Again with the same lease is harmless. */
  begin(errand: Errand, model: string): void {
    const { lease } = errand.lease;
    if (this.#running.has(lease)) return;
    const run = new Run(errand, {
      ...this.#ports,
      answer: this.#ports.ref(answerActor, errand.answer),
      pool: this.#ports.ref(poolActor, poolKey(errand.request.feature, model)),
    });
    const over = run.work().catch((error) => {
      log.error("A call ended in an unknown way: {error}", { error });
    }).finally(() => this.#running.delete(lease));
    this.#running.set(lease, { run, over });
  }

  /** Ends the call if it is made here. */
  cancel(lease: string): void {
    this.#running.get(lease)?.run.cut("stopped");
  }

  /** Cuts all calls off, gives their slots back, and lets the answers go on elsewhere. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#running.values()];
    for (const { run } of all) run.cut("leaving");
    await Promise.all(all.map(({ over }) => over));
  }
}
