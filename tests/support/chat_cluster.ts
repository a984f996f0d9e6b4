import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { RepeatingBus } from "actors/bus/repeating_bus.ts";
import type { BusMessage } from "actors/bus/bus.ts";
import { conversationActor, type ConversationVerbs, Sending } from "actors/conversation/definition.ts";
import { groupId } from "actors/conversation/conversation_ids.ts";
import { hostConversations } from "actors/conversation/host.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import type { Message, Sent } from "protocol/chat.ts";
import type { Presence } from "protocol/chat_methods.ts";
import { json } from "protocol/json.ts";
import type { Result } from "protocol/methods.ts";
import type { ChatSeat } from "routes/gateway/chat/chat_seat.ts";
import { ChatSync } from "routes/gateway/chat/chat_sync.ts";
import { type Chat, openChat } from "routes/gateway/chat/open.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { account } from "tests/storage/contract/account_records.ts";
import { Notebook } from "./notebook.ts";
import { ProcessStorage } from "./process_storage.ts";
import { MortalClock, person, seeded, viewer } from "./room_stage.ts";
import { VirtualClock } from "./virtual_clock.ts";

const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };
const LIMITS = { ...DEFAULT_CONVERSATION_LIMITS, sendBurst: 10_000, sendPerSecond: 1_000 };

/** Several nodes that chat, without sockets, over one database and one broker, on one virtual clock. */
export class ChatCluster implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly storage: Storage;
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #random: () => number;
  readonly #limits: ConversationLimits;
  readonly #nodes: ChatNode[] = [];
  readonly #observer = this.#broker.connect();

  private constructor(
    clock: VirtualClock,
    storage: Storage,
    limits: Partial<ConversationLimits>,
    seed: number,
  ) {
    this.clock = clock;
    this.storage = storage;
    this.#limits = { ...LIMITS, ...limits };
    this.#random = seeded(seed);
  }

  /** Users 1 to `people` have accounts. */
  static async open(
    ids: readonly string[],
    { people = 9, limits = {}, seed = 7 }: {
      people?: number;
      limits?: Partial<ConversationLimits>;
      seed?: number;
    } = {},
  ): Promise<ChatCluster> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    for (let n = 1; n <= people; n++) await storage.accounts.create(account(n, person(n)), 1);
    const cluster = new ChatCluster(clock, storage, limits, seed);
    for (const id of ids) await cluster.start(id);
    // Until every node has its share.
    if (ids.length > 1) await clock.advance(20_000);
    return cluster;
  }

  async start(id: string): Promise<ChatNode> {
    const node = new ChatNode(id, this.#limits, {
      clock: new MortalClock(this.clock),
      storage: new ProcessStorage(this.storage),
      road: this.#broker.connect(),
      random: this.#random,
    });
    this.#nodes.push(node);
    await node.start();
    return node;
  }

  node(id: string): ChatNode {
    return this.#nodes.find((node) => node.id === id && node.alive)!;
  }

  /** A group of user 1 whose shard `id` should own among `ids`; the others have joined. */
  async group(id: string, ids: readonly string[], others: readonly number[]): Promise<string> {
    let n = 0;
    const key = () => groupId(person(1).id, `group${n}`);
    while (wish(shardOf("conversation", key()), ids) !== id) n++;
    const { node } = this.node(ids[0]!);
    const ref = (user: number) => node.ref(conversationActor, key(), viewer(user));
    await this.run(ref(1).create({ id: `group${n}`, title: "Stage", join: "open" }));
    for (const other of others) await this.run(ref(other).join({}));
    return key();
  }

  /** Keeps what is published on `pattern` from now on. */
  async observe(pattern: string): Promise<BusMessage[]> {
    const seen: BusMessage[] = [];
    await this.#observer.subscribe(pattern, (message) => seen.push(message)).ready;
    return seen;
  }

  /** What the database holds of a conversation. */
  async stored(conversation: string): Promise<Message[]> {
    const range = { from: 1, to: 1_000_000 };
    const records = await this.storage.messages.range(conversation, range, 1_000_000, "first");
    return records.map(({ message }) => message);
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
    for (const node of this.#nodes) node.kill();
    await this.#observer[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }
}

interface NodeParts {
  readonly clock: MortalClock;
  readonly storage: ProcessStorage;
  readonly road: MemoryBus;
  readonly random: () => number;
}

export class ChatNode {
  readonly node: ActorNode;
  readonly road: MemoryBus;
  readonly chat: Chat;
  readonly #parts: NodeParts;
  readonly #sync: ChatSync;
  readonly #devices = new Set<ChatDevice>();
  alive = true;

  constructor(readonly id: string, limits: ConversationLimits, parts: NodeParts) {
    const { clock, storage, road, random } = parts;
    this.#parts = parts;
    this.road = road;
    const bus = new RepeatingBus(road, clock);
    this.node = new ActorNode({
      ...{ node: { id, address: id, version: "test" }, clock, random, bus, storage, lease: LEASE },
      ...{ limits: DEFAULT_LIMITS, alone: false, networked: true },
    });
    hostConversations(this.node, storage, bus, limits);
    this.chat = openChat({ nodeId: id, node: this.node, bus, storage });
    this.#sync = new ChatSync({ node: this.node, hub: this.chat.hub, memberships: storage.memberships });
  }

  async start(): Promise<void> {
    await this.node.start();
  }

  at(conversation: string, user: number): Ref<ConversationVerbs> {
    return this.node.ref(conversationActor, conversation, viewer(user));
  }

  say(conversation: string, user: number, text: string): Promise<Sent> {
    return this.at(conversation, user).send(Sending.parse({ id: text, text }));
  }

  /** A device of a user at this node; it syncs when it is told to, and after a while again when it could not. */
  device(user: number, notebook: Notebook = new Notebook()): ChatDevice {
    const device = new ChatDevice(user, notebook, this.chat, this.#sync, this.#parts.clock);
    this.#devices.add(device);
    return device;
  }

  /** One page of a sync, by a socket that then leaves. */
  async page(
    user: number,
    since: Record<string, number>,
    limit: number,
    range: { readonly after?: string; readonly until?: string } = {},
  ): Promise<Result<"chat.sync">> {
    const seat = this.chat.hub.open(person(user).id, { codec: json, send() {}, notify() {} });
    try {
      const { result, onSent } = await this.#sync.sync(seat, viewer(user), { since, limit, ...range });
      onSent();
      return result;
    } finally {
      seat.leave();
    }
  }

  /** Who of these is online, for a user who watches them from now on. */
  async watch(user: number, users: readonly number[]) {
    const told: Presence[] = [];
    /** When those who went were there last, as far as that was told. */
    const toldLastSeen: (number | undefined)[] = [];
    const watcher = {
      user: person(user).id,
      notify(_method: string, { lastSeenAt, ...presence }: Presence) {
        told.push(presence);
        toldLastSeen.push(lastSeenAt);
      },
    };
    const found = await this.chat.presence.watch(watcher, users.map((n) => person(n).id));
    const lastSeen = found.map(({ lastSeenAt }) => lastSeenAt);
    const here = found.filter(({ online }) => online).map(({ user }) => user);
    return { watcher, told, toldLastSeen, lastSeen, found: here };
  }

  /** As a stop does. */
  async close(): Promise<void> {
    for (const device of this.#devices) device.leave();
    await this.chat[Symbol.asyncDispose]();
  }

  /** As kill -9. */
  kill(): void {
    this.alive = false;
    for (const device of this.#devices) device.leave();
    this.#parts.clock.kill();
    this.#parts.storage.kill();
    this.road.disconnect();
  }
}

const AGAIN_MS = 500;

export class ChatDevice {
  /** What it was told besides messages. */
  readonly others: { method: string; params: Record<string, unknown> }[] = [];
  syncs = 0;
  readonly #sync: ChatSync;
  readonly #clock: MortalClock;
  readonly #seat: ChatSeat;
  #on = true;
  #syncing = false;

  constructor(
    readonly user: number,
    readonly notebook: Notebook,
    chat: Chat,
    sync: ChatSync,
    clock: MortalClock,
  ) {
    this.#sync = sync;
    this.#clock = clock;
    this.#seat = chat.hub.open(person(user).id, {
      codec: json,
      send: (frame) => this.#hear(JSON.parse(frame as string)),
      notify: (method, params) => this.#hear({ method, params }),
    });
    this.sync();
  }

  sync(): void {
    if (this.#syncing || !this.#on) return;
    this.#syncing = true;
    this.notebook.stale = false;
    this.#sync.sync(this.#seat, viewer(this.user), { since: this.notebook.since, limit: 20 }).then(
      ({ result, onSent }) => {
        if (!this.#on) return;
        this.syncs++;
        this.notebook.apply(result.deltas, result.more);
        onSent();
        this.#syncing = false;
        if (result.more || this.notebook.stale) this.sync();
      },
      () => {
        this.#syncing = false;
        this.#clock.after(AGAIN_MS, () => this.sync());
      },
    );
  }

  leave(): void {
    this.#on = false;
    this.#seat.leave();
  }

  #hear({ method, params }: { method: string; params: unknown }): void {
    if (!this.#on) throw new Error(`${method} came to a device that has left`);
    if (!this.notebook.tell(method, params)) {
      this.others.push({ method, params: params as Record<string, unknown> });
    }
    if (this.notebook.stale) this.sync();
  }
}
