import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { roomActor, type RoomVerbs } from "actors/room/definition.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_LIMITS, type RoomLimits } from "actors/room/limits.ts";
import { roomFactory } from "actors/room/room.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS, type RuntimeLimits } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { RoomFrame } from "protocol/items.ts";
import { type RoomSettings, Say } from "protocol/rooms.ts";
import type { User } from "protocol/users.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { ItemRecord, Storage } from "storage/storage.ts";
import { ProcessStorage } from "./process_storage.ts";
import { VirtualClock } from "./virtual_clock.ts";

export function ulid(n: number): string {
  return String(n).padStart(26, "0");
}

export const ROOM = ulid(1_000_000);

export function person(n: number): User {
  return { id: ulid(n), name: `User ${n}` };
}

export function viewer(n: number): Caller {
  return { kind: "user", user: person(n), standing: "member", session: ulid(n) };
}

export function guest(n: number): Caller {
  return { kind: "user", user: person(n), standing: "guest", session: ulid(n) };
}

export const OWNER = viewer(999_999);

// Time may jump by days here; leases have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };

export interface StageOptions {
  readonly room?: Partial<RoomLimits>;
  readonly runtime?: Partial<RuntimeLimits>;
  readonly seed?: number;
}

export interface StartOptions {
  /** Whether the process takes every other one for dead. */
  readonly alone?: boolean;
  /** Whether the directory has read all rooms. */
  readonly filled?: boolean;
}

/** Room actors on real parts: a database in memory, a memory broker, and a clock that moves only when told to. */
export class RoomStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly storage: Storage;
  readonly #broker: MemoryBroker;
  readonly #options: StageOptions;
  readonly #random: () => number;
  readonly #buses: MemoryBus[] = [];
  #processes = 0;

  private constructor(clock: VirtualClock, storage: Storage, options: StageOptions) {
    this.clock = clock;
    this.storage = storage;
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
    this.#broker = new MemoryBroker({
      onError: (error) => {
        throw error;
      },
    });
  }

  static async open(options: StageOptions = {}): Promise<RoomStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    return new RoomStage(clock, storage, options);
  }

  /** With one process and one room. */
  static async withRoom(
    options: StageOptions = {},
    settings: Partial<RoomSettings> = {},
  ): Promise<{ stage: RoomStage; process: StageProcess }> {
    const stage = await RoomStage.open(options);
    const process = await stage.start();
    await process.room(OWNER).create({ title: "Stage", settings });
    return { stage, process };
  }

  async start({ alone = true, filled = true }: StartOptions = {}): Promise<StageProcess> {
    const bus = this.#connect();
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const directory = new RoomDirectory();
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      clock,
      random: this.#random,
      bus,
      storage,
      limits: { ...DEFAULT_LIMITS, ...this.#options.runtime },
      lease: LEASE,
      alone,
      networked: !alone,
    });
    const limits = { ...DEFAULT_ROOM_LIMITS, ...this.#options.room };
    node.host(roomActor, roomFactory({ rooms: storage.rooms, directory, limits, drops: node.drops }), {
      refuse: (id, verb) => directory.refuse(id, verb),
    });
    await node.start();
    if (filled) await directory.fill(storage.rooms, new AbortController().signal);
    return new StageProcess(node, directory, storage, () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    });
  }

  /** As `kill -9` and a new start. */
  async restart(process: StageProcess): Promise<StageProcess> {
    process.kill();
    return await this.start();
  }

  async watch(room: string = ROOM): Promise<Watcher> {
    const watcher = new Watcher(this.#connect(), room);
    await watcher.ready;
    return watcher;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  /** Days go by at once; every timer that became due meanwhile fires once. */
  async jump(ms: number): Promise<void> {
    this.clock.pause(ms);
    await this.pass(2_000);
  }

  /** Everything set in motion runs to its end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) await this.clock.settle();
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, mostMs: number = 10_000): Promise<T> {
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

  /** What the database holds of a room. */
  async stored(room: string = ROOM): Promise<ItemRecord[]> {
    const records: ItemRecord[] = [];
    for (;;) {
      const page = await this.storage.rooms.itemsAfter(room, records.at(-1)?.item.offset ?? 0, 1_000);
      records.push(...page);
      if (page.length < 1_000) return records;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.settle();
    await this.storage[Symbol.asyncDispose]();
  }

  #connect(): MemoryBus {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    return bus;
  }
}

/** One process of the stage. */
export class StageProcess {
  constructor(
    readonly node: ActorNode,
    readonly directory: RoomDirectory,
    readonly storage: ProcessStorage,
    /** From here on it does and hears nothing; what it asked of the database may still happen. */
    readonly kill: () => void,
  ) {}

  room(caller: Caller, id: string = ROOM): Ref<RoomVerbs> {
    return this.node.ref(roomActor, id, caller);
  }

  say(caller: Caller, text: string, id?: string): Promise<{ accepted: true }> {
    return this.room(caller).say(Say.parse({ text, ...(id === undefined ? {} : { id }) }));
  }
}

/** Sees every frame of a room. */
export class Watcher {
  readonly frames: RoomFrame[] = [];
  readonly ready: Promise<void>;

  constructor(bus: MemoryBus, room: string) {
    this.ready = bus.subscribe(`barrage.v1.evt.room.${room}.frame`, ({ data, headers }) => {
      const frame = RoomFrame.parse(JSON.parse(new TextDecoder().decode(data)));
      const count = frame.items.reduce((sum, item) => sum + item.count, 0);
      const described = [headers["epoch"], headers["from"], headers["to"], headers["count"]].map(Number);
      if (described.join() !== [frame.epoch, frame.from, frame.to, count].join()) {
        throw new Error("The headers of a frame do not describe it");
      }
      this.frames.push(frame);
    }).ready;
  }

  get items(): RoomFrame["items"] {
    return this.frames.flatMap(({ items }) => items);
  }

  get texts(): string[] {
    return this.items.map(({ text }) => text);
  }

  get withItems(): RoomFrame[] {
    return this.frames.filter(({ items }) => items.length > 0);
  }
}

/** Stops for good when its process is killed. */
export class MortalClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #pending = new Set<() => void>();
  #dead = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, callback: () => void): () => void {
    if (this.#dead) return () => {};
    const cancel = this.#clock.after(ms, () => {
      this.#pending.delete(cancel);
      callback();
    });
    this.#pending.add(cancel);
    return () => {
      this.#pending.delete(cancel);
      cancel();
    };
  }

  yield(): Promise<void> {
    return this.#dead ? new Promise(() => {}) : this.#clock.yield();
  }

  kill(): void {
    this.#dead = true;
    for (const cancel of this.#pending) cancel();
  }
}

/** Mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
