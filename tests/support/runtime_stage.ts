import { setImmediate } from "node:timers";
import { MemoryBroker } from "actors/bus/memory.ts";
import type { MemoryBus } from "actors/bus/memory_bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS, type RuntimeLimits } from "actors/runtime/ports.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { VirtualClock } from "./virtual_clock.ts";

export const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };

export interface StageOptions {
  readonly limits?: Partial<RuntimeLimits>;
  /** Replaces parts of the storage that the node sees. */
  readonly wrap?: (storage: Storage) => Storage;
}

/** Nodes of a runtime over one in-memory database, on one virtual clock. */
export class RuntimeStage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly broker = new MemoryBroker({ onError: (error) => this.failures.push(error) });
  readonly failures: unknown[] = [];
  readonly #nodes = new Map<ActorNode, Process>();
  #seed = 1;

  private constructor(readonly storage: Storage) {}

  static async open(): Promise<RuntimeStage> {
    const clock: { now: () => number } = { now: () => 0 };
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new RuntimeStage(storage);
    clock.now = () => stage.clock.now();
    return stage;
  }

  /** mulberry32, so that every run of a test makes the same choices. */
  readonly random = (): number => {
    this.#seed = this.#seed + 0x6d2b79f5 | 0;
    let t = Math.imul(this.#seed ^ this.#seed >>> 15, 1 | this.#seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };

  make(id = "a", { limits = {}, wrap }: StageOptions = {}): ActorNode {
    const bus = this.broker.connect();
    const process: Process = { alive: true, bus };
    const node = new ActorNode({
      node: { id, address: `${id}:1`, version: "test" },
      clock: mortalClock(this.clock, process),
      random: this.random,
      bus,
      storage: mortal(wrap?.(this.storage) ?? this.storage, process),
      limits: { ...DEFAULT_LIMITS, ...limits },
      lease: LEASE,
      alone: false,
      networked: true,
    });
    this.#nodes.set(node, process);
    return node;
  }

  busOf(node: ActorNode): MemoryBus {
    return this.#nodes.get(node)!.bus;
  }

  /** As kill -9: from now on the node gets no time and no answers, and nothing was flushed or released. */
  kill(node: ActorNode): void {
    const process = this.#nodes.get(node)!;
    process.alive = false;
    process.bus.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [node, { alive, bus }] of this.#nodes) {
      if (alive) {
        const stopped = node.stop(1_000);
        await this.clock.advance(5_000);
        await stopped;
      }
      await bus[Symbol.asyncDispose]();
    }
    await this.storage[Symbol.asyncDispose]();
  }
}

interface Process {
  alive: boolean;
  readonly bus: MemoryBus;
}

function mortalClock(clock: Clock, process: Process): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, () => process.alive && callback()),
    yield: () => clock.yield(),
  };
}

/** What a dead process asked of a store may still happen, but nobody is there to hear the answer. */
function mortal<T extends object>(store: T, process: Process): T {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = target[name as keyof T];
      if (typeof value === "object" && value !== null) return mortal(value, process);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        if (!process.alive) return new Promise(() => {});
        const result: unknown = value.apply(target, given);
        if (!(result instanceof Promise)) return result;
        return new Promise((resolve, reject) => {
          result.then(
            (output) => process.alive && resolve(output),
            (error) => process.alive && reject(error),
          );
        });
      };
    },
  });
}

/** How a promise stands once `meanwhile` is over: its value, the reason it was refused for, or "open". */
export async function outcome(promise: Promise<unknown>, meanwhile?: Promise<unknown>): Promise<unknown> {
  let state: unknown = "open";
  promise.then((value) => state = value, (error) => state = error.reason ?? String(error));
  await meanwhile;
  for (let hop = 0; hop < 8; hop++) await new Promise((resolve) => setImmediate(resolve));
  return state;
}
