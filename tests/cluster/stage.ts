import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import type { BusMessage } from "actors/bus/bus.ts";
import { encodeTime } from "@std/ulid";
import { roomActor, type RoomVerbs } from "actors/room/definition.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_LIMITS } from "actors/room/limits.ts";
import { roomFactory } from "actors/room/room.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { type Joined, type Position, Say } from "protocol/rooms.ts";
import { Hub } from "routes/gateway/hub.ts";
import type { GallerySeat } from "routes/gateway/seat.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { MortalClock, OWNER, seeded, ulid } from "tests/support/room_stage.ts";
import { TestViewer } from "tests/support/test_viewer.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };

/** Several nodes as main.ts builds them, without sockets, over one database and one broker, on one virtual clock. */
export class ClusterStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly storage: Storage;
  readonly broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #random = seeded(7);
  readonly #members: Member[] = [];
  readonly #observer = this.broker.connect();

  private constructor(clock: VirtualClock, storage: Storage) {
    this.clock = clock;
    this.storage = storage;
  }

  static async open(...ids: string[]): Promise<ClusterStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new ClusterStage(clock, storage);
    for (const id of ids) await stage.start(id);
    // Until every node has its share.
    if (ids.length > 1) await clock.advance(20_000);
    return stage;
  }

  async start(id: string): Promise<Member> {
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const bus = this.broker.connect();
    const member = new Member(id, { clock, storage, bus, random: this.#random });
    this.#members.push(member);
    await member.start();
    return member;
  }

  member(id: string): Member {
    return this.#members.find((member) => member.id === id && member.alive)!;
  }

  /** Creates a room whose shard `id` should own among `ids`. */
  async roomOf(id: string, ids: readonly string[]): Promise<string> {
    const time = encodeTime(this.clock.now(), 10);
    let n = 5_000_000;
    const room = (n: number) => time + ulid(n).slice(10);
    while (wish(shardOf("room", room(n)), ids) !== id) n++;
    await this.run(this.member(id).room(room(n), OWNER).create({ title: "Stage" }));
    return room(n);
  }

  /** Keeps what is published on `pattern` from now on. */
  async observe(pattern: string): Promise<BusMessage[]> {
    const seen: BusMessage[] = [];
    await this.#observer.subscribe(pattern, (message) => seen.push(message)).ready;
    return seen;
  }

  publish(subject: string, body: unknown, headers: Record<string, string> = {}): void {
    this.#observer.publish(subject, new TextEncoder().encode(JSON.stringify(body)), headers);
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, mostMs = 30_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.settle();
    for (let passed = 0; !settled; passed += 10) {
      if (passed > mostMs) throw new Error(`Cannot go on: nothing was settled in ${mostMs} ms`);
      await this.clock.advance(10);
    }
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) member.kill();
    await this.#observer[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }
}

interface MemberParts {
  readonly clock: MortalClock;
  readonly storage: ProcessStorage;
  readonly bus: MemoryBus;
  readonly random: () => number;
}

/** A viewer who has joined, as a session does it. */
export interface Seated {
  readonly viewer: TestViewer;
  readonly seat: GallerySeat;
  readonly joined: Joined;
  /** Everything it has been told of the room, in order. */
  readonly texts: string[];
}

export class Member {
  readonly node: ActorNode;
  readonly hub: Hub;
  readonly directory = new RoomDirectory();
  readonly storage: ProcessStorage;
  readonly bus: MemoryBus;
  alive = true;
  readonly #clock: MortalClock;
  readonly #stopping = new AbortController();

  constructor(readonly id: string, { clock, storage, bus, random }: MemberParts) {
    this.#clock = clock;
    this.storage = storage;
    this.bus = bus;
    this.node = new ActorNode({
      node: { id, address: id, version: "test" },
      clock,
      random,
      bus,
      storage,
      limits: DEFAULT_LIMITS,
      lease: LEASE,
      alone: false,
      networked: true,
    });
    const { directory } = this;
    const ports = { rooms: storage.rooms, directory, drops: this.node.drops, limits: DEFAULT_ROOM_LIMITS };
    this.node.host(roomActor, roomFactory(ports), { refuse: (room, verb) => directory.refuse(room, verb) });
    this.hub = new Hub({ nodeId: id, node: this.node, bus, clock, framesPerSecond: 50_000, tickMs: 100 });
  }

  async start(): Promise<void> {
    await this.node.start();
    await this.directory.listen(this.bus).ready;
    this.directory.follow(this.storage.rooms, this.#clock, this.#stopping.signal);
    this.hub.start();
  }

  room(id: string, caller: Caller): Ref<RoomVerbs> {
    return this.node.ref(roomActor, id, caller);
  }

  say(room: string, caller: Caller, text: string): Promise<{ accepted: true }> {
    return this.room(room, caller).say(Say.parse({ text }));
  }

  async join(room: string, caller: Caller, resume?: Position): Promise<Seated> {
    const viewer = new TestViewer();
    const seat = await this.hub.enter(room, viewer);
    const joined = await this.room(room, caller).join(resume === undefined ? {} : { resume });
    seat.begin(joined);
    const recent = joined.recent.map(({ text }) => text);
    return {
      viewer,
      seat,
      joined,
      get texts() {
        return [...recent, ...viewer.frames.flatMap(({ items }) => items.map(({ text }) => text))];
      },
    };
  }

  owns(room: string): boolean {
    return this.node.ownership.epochOf(shardOf("room", room)) !== undefined;
  }

  /** As kill -9. */
  kill(): void {
    this.alive = false;
    this.#stopping.abort();
    this.#clock.kill();
    this.storage.kill();
    this.bus.disconnect();
  }
}
