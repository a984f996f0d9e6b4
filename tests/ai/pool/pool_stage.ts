import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { answerActor, type Lease } from "actors/ai/answer/definition.ts";
import {
  type Outcome,
  poolActor,
  type PoolVerbs,
  QueueEvent,
  type Runner,
  type Ticket,
} from "actors/ai/pool/definition.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "actors/ai/pool/limits.ts";
import { PoolMeters } from "actors/ai/pool/meter.ts";
import { poolFactory } from "actors/ai/pool/pool.ts";
import type { ProbedUse } from "actors/ai/pool/probes.ts";
import type { Factory } from "actors/runtime/behaviour.ts";
import { type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Verbs } from "actors/runtime/definition.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { CredentialRecord, UseRecord } from "storage/ai_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { accountId } from "tests/storage/contract/account_records.ts";
import { answerId, credential, credentialId, POOL } from "tests/storage/contract/ai_records.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { MortalClock, seeded } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

export { answerId, credentialId, POOL };

// Time jumps by hours here; leases of nodes have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };
const CREDENTIALS_MAX = 100;
const IDLE_MS = 3_000;

export type UseLimits = Partial<Pick<UseRecord, "inFlightMax" | "startsPerSecond">>;

export interface StageOptions {
  /** One credential for each. @default {[{}]} */
  readonly uses?: readonly UseLimits[];
  readonly limits?: Partial<PoolLimits>;
}

export interface Given extends Lease {
  readonly answer: string;
}

interface Probing {
  readonly use: ProbedUse;
  readonly signal: AbortSignal;
  readonly end: (outcome: Outcome) => void;
}

interface Process {
  readonly node: ActorNode;
  readonly storage: ProcessStorage;
  kill(): void;
}

/** The use of a stage's credential `n`, the first being 1. */
export function echoCredential(n: number, limits: UseLimits = {}, changed: Partial<CredentialRecord> = {}) {
  return credential(n, {
    uses: [{
      ...{ feature: "text", model: "echo", upstreamModel: "echo-1", contextTokens: 8_000 },
      ...{ inFlightMax: 2, startsPerSecond: 2, ...limits },
    }],
    ...changed,
  });
}

/** A pool on a real node and a real database; its answers say what they are told to, and time moves when told to. */
export class PoolStage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly storage: Storage;
  /** What answers were lent, in the order in which they were told. */
  readonly given: Given[] = [];
  readonly refused: { readonly answer: string; readonly attempt: number }[] = [];
  readonly probes: Probing[] = [];
  /** The events, each with its places: number of the answer, position, milliseconds. */
  readonly places: [answer: string, position: number, etaMs: number][][] = [];
  meters = new PoolMeters();
  /** Processes that are known to be gone, and for how long they may go on. */
  readonly gone = new Map<string, number>();
  /** The process that makes all calls, where there is only one. */
  only: Runner | undefined;
  /** What the answers say to a lease. */
  reply: (lease: Given) => { taken: boolean } | Promise<{ taken: boolean }> = () => ({ taken: true });
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #limits: PoolLimits;
  readonly #buses: MemoryBus[] = [];
  #process: Process | undefined;
  #processes = 0;

  private constructor(storage: Storage, limits: Partial<PoolLimits>) {
    this.storage = storage;
    this.#limits = { ...DEFAULT_POOL_LIMITS, ...limits };
  }

  /** Its pool is in memory, and may begin calls. */
  static async open({ uses = [{}], limits = {} }: StageOptions = {}): Promise<PoolStage> {
    const stage = new PoolStage(await openSqlite({ path: ":memory:" }), limits);
    for (const [index, limits] of uses.entries()) {
      await stage.storage.credentials.create(echoCredential(index + 1, limits), CREDENTIALS_MAX);
    }
    const bus = stage.#connect();
    await bus.subscribe(`barrage.v1.evt.pool.${POOL}.queue`, ({ data }) => {
      stage.places.push(QueueEvent.parse(JSON.parse(new TextDecoder().decode(data))).places);
    }).ready;
    await stage.restart();
    await stage.ready();
    return stage;
  }

  /** As `kill -9` and a new start; nothing is in memory. */
  async restart(): Promise<void> {
    this.kill();
    const bus = this.#connect();
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      ...{ clock, random: seeded(this.#processes), bus, storage },
      limits: { ...DEFAULT_LIMITS, idleMs: IDLE_MS },
      ...{ lease: LEASE, alone: true, networked: false },
    });
    this.meters = new PoolMeters();
    node.host(
      poolActor,
      poolFactory({
        ...{ pools: storage.aiPools, credentials: storage.credentials, drops: node.drops },
        ...{ meters: this.meters, limits: this.#limits },
        runners: {
          only: this.only,
          goneInMs: (runners) =>
            Promise.resolve(runners.map(({ id, epoch }) => this.gone.get(`${id} ${epoch}`))),
        },
        probe: (use, signal) =>
          new Promise((resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
            this.probes.push({ use, signal, end: resolve });
          }),
      }),
    );
    node.host(answerActor, this.#answers());
    await node.start();
    const kill = () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    };
    this.#process = { node, storage, kill };
  }

  kill(): void {
    this.#process?.kill();
    this.#process = undefined;
  }

  /** As a deploy: what is in memory is flushed. */
  async leave(): Promise<void> {
    const stopped = this.node.stop(1_000);
    await this.clock.advance(1);
    await stopped;
  }

  get node(): ActorNode {
    return this.#process!.node;
  }

  get store(): ProcessStorage {
    return this.#process!.storage;
  }

  at(caller: Caller = SYSTEM): Ref<PoolVerbs> {
    return this.node.ref(poolActor, POOL, caller);
  }

  get pool(): Ref<PoolVerbs> {
    return this.at();
  }

  /** A new incarnation lets a second pass before it begins a call. */
  async ready(): Promise<void> {
    await this.pool.inspect({});
    await this.clock.advance(1_051);
  }

  ticket(n: number, changed: Partial<Ticket> = {}): Ticket {
    return {
      ...{ answer: answerId(n), user: accountId(1), band: "normal", attempt: 1, exclude: [] },
      until: this.clock.now() + 60_000,
      ...changed,
    };
  }

  async ask(n: number, changed: Partial<Ticket> = {}) {
    const queued = await this.pool.enqueue(this.ticket(n, changed));
    await this.clock.settle();
    return queued;
  }

  /** Who was told, by the answers' numbers. */
  get served(): number[] {
    return this.given.map(({ answer }) => Number(answer.slice(-4)));
  }

  /** The last lease of an answer. */
  leaseOf(n: number): string {
    const lease = this.given.findLast(({ answer }) => answer === answerId(n));
    if (lease === undefined) throw new Error(`Answer ${n} was lent nothing`);
    return lease.lease;
  }

  async start(n: number): Promise<void> {
    await this.pool.started({ lease: this.leaseOf(n) });
    await this.clock.settle();
  }

  async end(n: number, outcome: Outcome = { kind: "done" }): Promise<void> {
    await this.pool.release({ lease: this.leaseOf(n), outcome });
    await this.clock.settle();
  }

  /** Time passes without anything in between: for waits of minutes and hours. */
  async leap(ms: number): Promise<void> {
    this.clock.pause(ms);
    await this.clock.advance(1);
  }

  async use(n = 1) {
    const { uses } = await this.pool.inspect({});
    return uses.find(({ credential }) => credential === credentialId(n))!;
  }

  drops(reason: string): number {
    return this.node.drops.of("pool", reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }

  #answers() {
    const factory: Factory<Verbs> = ({ key: answer }) => ({
      granted: async (input: unknown) => {
        const lease = { ...input as Lease, answer };
        this.given.push(lease);
        return await this.reply(lease);
      },
      refused: (input: unknown) => {
        this.refused.push({ answer, attempt: (input as { attempt: number }).attempt });
        return {};
      },
    });
    return factory as unknown as Factory<typeof answerActor["verbs"]>;
  }

  #connect(): MemoryBus {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    return bus;
  }
}

export const user = accountId;
