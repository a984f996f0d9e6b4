import { answerActor, type AnswerVerbs } from "actors/ai/answer/definition.ts";
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { type AiHost, hostAi } from "actors/ai/host.ts";
import { poolActor, poolKey, type PoolVerbs } from "actors/ai/pool/definition.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "actors/ai/pool/limits.ts";
import type { OpenCredential, Provider } from "actors/ai/provider.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { AiRequest } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { CredentialRecord, UseRecord } from "storage/ai_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "./process_storage.ts";
import { MortalClock, seeded, ulid, viewer } from "./room_stage.ts";
import { ScriptedProvider } from "./scripted_provider.ts";
import { VirtualClock } from "./virtual_clock.ts";

// Time may jump here; leases of shards have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };

export const MODEL = "m1";

export function textRequest(content = "Hi", options: Record<string, unknown> = {}): AiRequest {
  return AiRequest.parse({ feature: "text", messages: [{ role: "user", content }], options });
}

export interface AiStageOptions {
  /** @default {1} */
  readonly credentials?: number;
  readonly use?: Partial<UseRecord>;
  readonly answer?: Partial<AnswerLimits>;
  readonly pool?: Partial<PoolLimits>;
}

/** Pools and answers on real parts; the clock moves, and the upstream does, only when the test says so. */
export class AiStage implements AsyncDisposable {
  readonly provider = new ScriptedProvider();
  readonly #options: AiStageOptions;
  readonly #random = seeded(1);
  readonly #buses: MemoryBus[] = [];
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  #processes = 0;

  private constructor(readonly clock: VirtualClock, readonly storage: Storage, options: AiStageOptions) {
    this.#options = options;
  }

  static async open(options: AiStageOptions = {}): Promise<AiStage> {
    const clock = new VirtualClock();
    return new AiStage(clock, await openSqlite({ path: ":memory:", clock: () => clock.now() }), options);
  }

  credential(n = 1): string {
    return ulid(9_000 + n);
  }

  /** @param id Of the node; left out, there was none of its name before. */
  async start(id = `node-${++this.#processes}`): Promise<AiProcess> {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id, address: "stage", version: "test" },
      ...{ clock, bus, storage, limits: DEFAULT_LIMITS, lease: LEASE, alone: true, networked: false },
      random: this.#random,
    });
    const host = hostAi(node, {
      storage,
      vault: { open: (id) => Promise.resolve(this.#open(id)) },
      providers: { named: (name): Provider | undefined => name === "script" ? this.provider : undefined },
      credentials: { list: () => Promise.resolve(this.#credentials()) },
    }, {
      pool: { ...DEFAULT_POOL_LIMITS, ...this.#options.pool },
      answer: { ...DEFAULT_ANSWER_LIMITS, ...this.#options.answer },
    });
    await node.start();
    return new AiProcess(node, host, bus, storage, () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    });
  }

  /** Everything set in motion runs to its end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) await this.clock.settle();
  }

  /** In steps, so that what one timer sets in motion is done before the next. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advance(Math.min(250, left));
      await this.settle();
    }
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, mostMs = 10_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.settle();
    for (let passed = 0; !settled; passed += 10) {
      if (passed > mostMs) throw new Error(`Cannot go on: nothing was settled in ${mostMs} ms`);
      await this.clock.advance(10);
    }
    return await promise;
  }

  /** The `n`th call that the upstream has got, from 1. */
  async call(n: number, mostMs = 10_000) {
    await this.settle();
    for (let passed = 0; this.provider.calls.length < n; passed += 10) {
      if (passed > mostMs) throw new Error(`There is no call ${n} after ${mostMs} ms`);
      await this.clock.advance(10);
      await this.settle();
    }
    return this.provider.calls[n - 1]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.settle();
    await this.storage[Symbol.asyncDispose]();
  }

  #credentials(): CredentialRecord[] {
    const use: UseRecord = {
      ...{ feature: "text", model: MODEL, upstreamModel: "up-1", inFlightMax: 2, startsPerSecond: 2 },
      contextTokens: 8_000,
      ...this.#options.use,
    };
    return Array.from({ length: this.#options.credentials ?? 1 }, (_, n) => ({
      ...{ id: this.credential(n + 1), provider: "script", label: `key ${n + 1}`, sealed: {}, keyVersion: 1 },
      ...{ uses: [use], state: "enabled", createdAt: 0, changedAt: 0 },
    }));
  }

  #open(id: string): OpenCredential {
    if (!this.#credentials().some((credential) => credential.id === id)) throw new BarrageError("not_found");
    return { id, provider: "script", secret: { apiKey: "secret" } };
  }
}

export interface Told {
  readonly event: string;
  readonly body: Record<string, unknown>;
}

/** One process of the stage. */
export class AiProcess {
  constructor(
    readonly node: ActorNode,
    readonly host: AiHost,
    readonly bus: MemoryBus,
    readonly storage: ProcessStorage,
    /** From here on it does and hears nothing; what it asked of the database may still happen. */
    readonly kill: () => void,
  ) {}

  answer(n: number, caller?: Caller): Ref<AnswerVerbs> {
    return this.node.ref(answerActor, ulid(n), caller);
  }

  pool(feature: "text" | "image" | "slides" = "text"): Ref<PoolVerbs> {
    return this.node.ref(poolActor, poolKey(feature, MODEL));
  }

  /** User `n` asks answer `n`, unless said otherwise. */
  ask(n: number, more: { user?: number; request?: AiRequest; detached?: boolean } = {}) {
    const { user = n, request = textRequest(`Question ${n}`), detached = true } = more;
    return this.answer(n, viewer(user)).ask({ model: MODEL, request, band: "normal", detached });
  }

  /** What readers are told of answer `n` from now on. */
  async told(n: number): Promise<Told[]> {
    const heard: Told[] = [];
    await this.bus.subscribe(`barrage.v1.evt.answer.${ulid(n)}.*`, ({ subject, data }) => {
      heard.push({ event: subject.split(".").at(-1)!, body: JSON.parse(new TextDecoder().decode(data)) });
    }).ready;
    return heard;
  }
}
