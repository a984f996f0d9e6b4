import type { Bus } from "actors/bus/bus.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { CardReader, type CardReaderOptions } from "actors/lookup/card_reader.ts";
import { ChangeFeed } from "actors/lookup/change_feed.ts";
import { hostLookups } from "actors/lookup/host.ts";
import {
  DEFAULT_MERGE_LIMITS,
  DEFAULT_READ_LIMITS,
  type MergeLimits,
  type ReadLimits,
} from "actors/lookup/limits.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import type { CardChange, CardStore, ChangeStore } from "storage/card_storage.ts";
import type { Entry, VersionedCache } from "storage/cache/versioned_cache.ts";
import { VersionedMemory, VersionedMemoryCache } from "storage/cache/versioned_memory.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { MortalClock, seeded, ulid } from "./room_stage.ts";
import { VirtualClock } from "./virtual_clock.ts";

const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };
const BOUNDS = { entriesMax: 10_000, lengthMax: 10_000_000 };
const OWNER = { id: ulid(999_999), name: "Olga" };

export interface Faults {
  /** The share of what is told to other nodes and to the shared cache. */
  lost: number;
  /** Everything else takes up to so long, each on its own: so it is reordered. */
  delayMs: number;
}

export interface ReadStageOptions {
  readonly reads?: Partial<ReadLimits>;
  readonly merge?: Partial<MergeLimits>;
  readonly reader?: Partial<CardReaderOptions>;
  readonly seed?: number;
}

/** Nodes that read cards of rooms from one database, over a shared cache and a bus that lose and delay, on one clock. */
export class ReadStage implements AsyncDisposable {
  readonly faults: Faults = { lost: 0, delayMs: 0 };
  readonly random: () => number;
  readonly nodes = new Map<string, ReadNode>();
  readonly broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  shared: VersionedMemory;
  sharedAway = false;
  /** Of the database, for cards. */
  queries = 0;
  queryMs: () => number = () => 0;
  failQueries: ((ids: readonly string[]) => Error | undefined) | undefined;

  private constructor(
    readonly clock: VirtualClock,
    readonly storage: Storage,
    readonly options: ReadStageOptions,
  ) {
    this.random = seeded(options.seed ?? 1);
    this.shared = this.#emptyShared();
  }

  static async open(ids: readonly string[], options: ReadStageOptions = {}): Promise<ReadStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new ReadStage(clock, storage, options);
    for (const id of ids) await stage.start(id);
    if (ids.length > 1) await clock.advance(20_000);
    return stage;
  }

  get limits(): ReadLimits {
    return { ...DEFAULT_READ_LIMITS, ...this.options.reads };
  }

  async start(id: string): Promise<void> {
    const node = new ReadNode(id, this);
    this.nodes.set(id, node);
    await node.start();
  }

  node(id: string): ReadNode {
    return this.nodes.get(id)!;
  }

  loseShared(): void {
    this.shared = this.#emptyShared();
  }

  async createRoom(id: string, title: string): Promise<void> {
    await this.storage.rooms.create(
      {
        ...{
          id,
          title,
          owner: OWNER,
          moderators: [],
          mutes: [],
          state: "live",
          settings: DEFAULT_ROOM_SETTINGS,
        },
        ...{ createdAt: this.clock.now(), head: 0, total: 0 },
      },
      1,
    );
  }

  /** Committed when it resolves. `teller`: whose change it is; without one nobody tells it. */
  async rename(id: string, title: string, teller?: string): Promise<void> {
    const made: CardChange[] = [];
    const unwatch = this.storage.changes.watch((change) => made.push(change));
    await this.storage.lane.commit({ noun: "room", id, epoch: 1 }, [
      this.storage.rooms.update(id, { title }),
    ]);
    unwatch();
    const node = teller === undefined ? undefined : this.node(teller);
    for (const change of made) node?.told.forEach((listener) => listener(change));
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, mostMs = 30_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.settle();
    for (let passed = 0; !settled; passed += 5) {
      if (passed > mostMs) throw new Error(`Cannot go on: nothing was settled in ${mostMs} ms`);
      await this.clock.advance(5);
    }
    return await promise;
  }

  /** Carried out late, or never. */
  async faulty<T>(
    clock: MortalClock,
    deed: () => T | Promise<T>,
    otherwise: T,
    lost = this.faults.lost,
  ): Promise<T> {
    if (this.random() < lost) return otherwise;
    const { delayMs } = this.faults;
    if (delayMs > 0) {
      await new Promise<void>((resolve) => clock.after(Math.floor(this.random() * delayMs), resolve));
    }
    return await deed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes.values()) node.kill();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }

  #emptyShared(): VersionedMemory {
    return new VersionedMemory(() => this.clock.monotonic(), BOUNDS);
  }
}

/** One node, without sockets and routes. */
export class ReadNode {
  readonly told = new Set<(change: CardChange) => void>();
  readonly reader: CardReader;
  readonly feed: ChangeFeed;
  readonly bus: MemoryBus;
  readonly runtime: ActorNode;
  readonly #clock: MortalClock;

  constructor(id: string, stage: ReadStage) {
    const clock = this.#clock = new MortalClock(stage.clock);
    const bus = this.bus = stage.broker.connect();
    const { storage, random, options, limits } = stage;
    const node = this.runtime = new ActorNode({
      ...{ node: { id, address: id, version: "test" }, clock, random, bus, storage },
      ...{ limits: DEFAULT_LIMITS, lease: LEASE, alone: false, networked: true },
    });
    const shared = sharedOf(stage, clock);
    const mergers = hostLookups(node, {
      ...{ cards: slowCards(stage, clock), shared },
      limits: { ...DEFAULT_MERGE_LIMITS, ...options.merge },
      keepMs: limits.staleMs,
    });
    const first = new VersionedMemory(() => clock.monotonic(), BOUNDS);
    this.reader = new CardReader({ ...{ node, first, shared, mergers, limits, random }, ...options.reader });
    this.feed = new ChangeFeed({
      ...{ node, shared, mergers, reader: this.reader, staleMs: limits.staleMs },
      bus: faultyBus(bus, stage, clock),
      changes: changesOf(storage.changes, this.told),
    });
  }

  async start(): Promise<void> {
    await this.runtime.start();
    await this.feed.ready;
  }

  title(id: string, fresh: boolean): Promise<{ version: number; title: string | undefined }> {
    return this.reader.read("room", id, { fresh }).then(({ version, json }) => ({
      version,
      title: json === undefined ? undefined : JSON.parse(json).title,
    }));
  }

  /** As kill -9. */
  kill(): void {
    this.told.clear();
    this.#clock.kill();
    this.bus.disconnect();
  }
}

function changesOf(changes: ChangeStore, told: Set<(change: CardChange) => void>): ChangeStore {
  return {
    watch(listener) {
      told.add(listener);
      return () => told.delete(listener);
    },
    untold: (ageMs, limit) => changes.untold(ageMs, limit),
    settle: (settled) => changes.settle(settled),
  };
}

/** Between the read and its answer time passes, so a fill can come late. */
function slowCards(stage: ReadStage, clock: MortalClock): CardStore {
  const { cards } = stage.storage;
  const pass = (ms: number) =>
    ms === 0 ? Promise.resolve() : new Promise<void>((resolve) => clock.after(ms, resolve));
  return {
    async read(entity, ids) {
      stage.queries++;
      const failure = stage.failQueries?.(ids);
      if (failure !== undefined) throw failure;
      const ms = stage.queryMs();
      await pass(Math.floor(ms / 2));
      const found = await cards.read(entity, ids);
      await pass(Math.ceil(ms / 2));
      return found;
    },
    users: (page) => cards.users(page),
  };
}

function sharedOf(stage: ReadStage, clock: MortalClock): VersionedCache {
  const onServer = <T>(
    deed: (cache: VersionedMemoryCache) => Promise<T>,
    away: T,
    lost = 0,
  ): Promise<T> =>
    stage.faulty<T>(
      clock,
      () => stage.sharedAway ? Promise.resolve(away) : deed(new VersionedMemoryCache(stage.shared)),
      away,
      lost,
    );
  const ageing = (entry: Entry): () => Entry => {
    const at = clock.monotonic();
    return () => ({ ...entry, ageMs: entry.ageMs + clock.monotonic() - at });
  };
  return {
    get stats() {
      return stage.shared.stats;
    },
    async get(key, maxAgeMs) {
      const asked = clock.monotonic();
      const entry = await onServer((cache) => cache.get(key, maxAgeMs), undefined);
      return entry && { ...entry, ageMs: entry.ageMs + clock.monotonic() - asked };
    },
    put(key, entry) {
      const then = ageing(entry);
      return onServer((cache) => cache.put(key, then()), undefined);
    },
    invalidate: (key, version) =>
      onServer((cache) => cache.invalidate(key, version), false, stage.faults.lost),
  };
}

function faultyBus(bus: MemoryBus, stage: ReadStage, clock: MortalClock): Bus {
  return new Proxy<Bus>(bus, {
    get(target, name) {
      if (name !== "publish") {
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      }
      return (...args: Parameters<Bus["publish"]>) => {
        stage.faulty(clock, () => target.publish(...args), undefined);
      };
    },
  });
}
