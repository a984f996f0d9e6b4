import { answerActor } from "actors/ai/answer/definition.ts";
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { type AiHost, hostAi } from "actors/ai/host.ts";
import { poolActor, poolKey } from "actors/ai/pool/definition.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "actors/ai/pool/limits.ts";
import type { OpenCredential } from "actors/ai/provider.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { AiRequest, AnswerView } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import { openProviders } from "providers/registry.ts";
import type { CredentialRecord } from "storage/ai_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ulid, viewer } from "./room_stage.ts";
import { Upstream, type UpstreamOptions } from "./upstream/upstream.ts";

export interface AiSiteOptions extends UpstreamOptions {
  readonly protocol?: "openai" | "openai-prefill" | "spark";
  readonly credentials?: number;
  readonly limits?: { readonly startsPerSecond: number; readonly inFlight: number };
  readonly answer?: Partial<AnswerLimits>;
  readonly pool?: Partial<PoolLimits>;
}

/** One node with pools and answers before an upstream over real HTTP and WebSockets. */
export class AiSite implements AsyncDisposable {
  private constructor(
    readonly upstream: Upstream,
    readonly node: ActorNode,
    readonly host: AiHost,
    readonly storage: Storage,
    readonly credentials: readonly string[],
    readonly model: string,
    readonly clock: SystemClock,
    readonly bus: MemoryBus,
  ) {}

  static async open(options: AiSiteOptions = {}): Promise<AiSite> {
    const { protocol = "openai", credentials: count = 2, answer, pool, limits, ...rest } = options;
    const upstream = new Upstream({ tokens: 20, tokenMs: 0, ...rest });
    const model = protocol === "spark" ? "generalv3.5" : "m1";
    const { startsPerSecond, inFlight } = limits ?? { startsPerSecond: 50, inFlight: 50 };
    const opened = new Map<string, OpenCredential>();
    const records: CredentialRecord[] = [];
    for (let n = 1; n <= count; n++) {
      const id = ulid(9_000 + n);
      const speaks = protocol === "spark" ? "spark" : "openai";
      const made = upstream.credential({ id, protocol: speaks, limits: { startsPerSecond, inFlight } });
      opened.set(id, { ...made, provider: protocol });
      records.push({
        ...{ id, provider: protocol, label: `key ${n}`, sealed: {}, keyVersion: 1, state: "enabled" },
        ...{ createdAt: 0, changedAt: 0 },
        uses: [{
          ...{ feature: "text", model, upstreamModel: model, contextTokens: 8_000 },
          ...{ inFlightMax: inFlight, startsPerSecond },
        }],
      });
    }
    const clock = new SystemClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const bus = new MemoryBroker({ onError: (error) => Promise.reject(error) }).connect();
    const node = new ActorNode({
      node: { id: "site", address: "site", version: "test" },
      ...{ clock, bus, storage, alone: true, networked: false, random: Math.random, limits: DEFAULT_LIMITS },
      lease: { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 0 },
    });
    const host = hostAi(node, {
      storage,
      vault: {
        open(id) {
          const credential = opened.get(id);
          return credential === undefined
            ? Promise.reject(new BarrageError("not_found"))
            : Promise.resolve(credential);
        },
      },
      providers: openProviders(),
      credentials: { list: () => Promise.resolve(records) },
    }, {
      pool: { ...DEFAULT_POOL_LIMITS, abortSettleMs: 50, startMarginMs: 50, ...pool },
      answer: { ...DEFAULT_ANSWER_LIMITS, abortSettleMs: 50, idleMs: 500, firstTokenMs: 500, ...answer },
    });
    await node.start();
    return new AiSite(upstream, node, host, storage, records.map(({ id }) => id), model, clock, bus);
  }

  /** Answer `n`, asked by user `user`; resolves with its end. */
  async answer(n: number, request: AiRequest, user = n): Promise<AnswerView> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const subscription = this.bus.subscribe(`barrage.v1.evt.answer.${ulid(n)}.done`, () => resolve());
    await subscription.ready;
    const answer = this.node.ref(answerActor, ulid(n), viewer(user));
    try {
      await answer.ask({ model: this.model, request, band: "normal", detached: true });
      await promise;
      return await answer.follow({ from: 0 });
    } finally {
      subscription.unsubscribe();
    }
  }

  /** Every call is over and its slot given back. */
  async quiet(): Promise<void> {
    while (this.host.runs.size > 0) await this.clock.yield();
    await this.upstream.unused();
  }

  async pool() {
    return await this.node.ref(poolActor, poolKey("text", this.model)).inspect({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.runs[Symbol.asyncDispose]();
    await this.node.stop(1_000);
    await this.bus[Symbol.asyncDispose]();
    await this.storage[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
    this.clock[Symbol.dispose]();
  }
}
