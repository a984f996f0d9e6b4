import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { budgetFactory } from "actors/ai/budget/budget.ts";
import { budgetActor, type BudgetVerbs } from "actors/ai/budget/definition.ts";
import { type BudgetLimits, DEFAULT_BUDGET_LIMITS } from "actors/ai/budget/limits.ts";
import { type Caller, SYSTEM } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { accountId } from "tests/storage/contract/account_records.ts";
import { answer, answerId, used } from "tests/storage/contract/ai_records.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { MortalClock, seeded } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

export const USER = accountId(1);
export const HOUR_MS = 3_600_000;
// Time jumps by hours here; leases have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };

/** Budgets on a real database, and a clock that moves only when told to. */
export class BudgetStage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #buses: MemoryBus[] = [];
  readonly #attempts = new Map<number, number>();
  #process: { storage: ProcessStorage; kill(): void; node: ActorNode } | undefined;
  #processes = 0;

  private constructor(readonly storage: Storage, readonly limits: BudgetLimits) {}

  static async open(limits: Partial<BudgetLimits> = {}): Promise<BudgetStage> {
    const storage = await openSqlite({ path: ":memory:" });
    const stage = new BudgetStage(storage, { ...DEFAULT_BUDGET_LIMITS, ...limits });
    await stage.restart();
    return stage;
  }

  /** As `kill -9` and a new start. */
  async restart(): Promise<void> {
    this.#process?.kill();
    const bus = this.broker.connect();
    this.#buses.push(bus);
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      ...{ clock, random: seeded(this.#processes), bus, storage },
      // It leaves memory by a restart only.
      limits: { ...DEFAULT_LIMITS, idleMs: 1e12 },
      lease: LEASE,
      alone: true,
      networked: false,
    });
    node.host(budgetActor, budgetFactory({ usage: storage.aiUsage, limits: this.limits }));
    await node.start();
    const kill = () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    };
    this.#process = { node, storage, kill };
  }

  budget(caller: Caller = SYSTEM): Ref<BudgetVerbs> {
    return this.#process!.node.ref(budgetActor, USER, caller);
  }

  /** How often the records were read. */
  get reads(): number {
    return this.#process!.storage.asked("aiUsage");
  }

  async pass(ms: number): Promise<void> {
    this.clock.pause(ms);
    await this.clock.advance(1);
  }

  /** The row of answer `n`, as it is committed when it is asked. */
  async found(n: number): Promise<void> {
    const record = answer(n, { askedAt: this.clock.now() });
    const fence = { noun: "answer", id: answerId(n), epoch: 1, founding: true } as const;
    await this.storage.lane.commit(fence, [this.storage.answers.found(record, 1)]);
  }

  /** Another attempt of answer `n` has ended. */
  async use(n: number, tokens: number): Promise<void> {
    const attempt = (this.#attempts.get(n) ?? 0) + 1;
    this.#attempts.set(n, attempt);
    const usage = { promptTokens: tokens, completionTokens: 0, estimated: false };
    await this.storage.lane.commit({ noun: "answer", id: answerId(n), epoch: 1 }, [
      this.storage.answers.use(used(n, { attempt, usage, at: this.clock.now() })),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill();
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }
}
