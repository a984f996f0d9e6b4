import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { type AssistantLimits, DEFAULT_ASSISTANT_LIMITS } from "actors/ai/assistant/limits.ts";
import { AssistantMeters } from "actors/ai/assistant/meters.ts";
import type { AssistantPorts } from "actors/ai/assistant/ports.ts";
import { budgetFactory } from "actors/ai/budget/budget.ts";
import { budgetActor } from "actors/ai/budget/definition.ts";
import { DEFAULT_BUDGET_LIMITS } from "actors/ai/budget/limits.ts";
import { hostAi } from "actors/ai/host.ts";
import { DEFAULT_POOL_LIMITS } from "actors/ai/pool/limits.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { groupId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, type ConversationVerbs, Sending } from "actors/conversation/definition.ts";
import { hostConversations } from "actors/conversation/host.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import { roomActor, type RoomVerbs } from "actors/room/definition.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_LIMITS, type RoomLimits } from "actors/room/limits.ts";
import { roomFactory } from "actors/room/room.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { SetAssistant } from "protocol/assistants.ts";
import type { Message, Sent } from "protocol/chat.ts";
import type { Item } from "protocol/items.ts";
import { Say } from "protocol/rooms.ts";
import type { CredentialRecord } from "storage/ai_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import { SHARDS, type Storage } from "storage/storage.ts";
import { account } from "tests/storage/contract/account_records.ts";
import { ProcessStorage } from "./process_storage.ts";
import { MortalClock, person, ROOM, seeded, ulid, viewer } from "./room_stage.ts";
import { ScriptedProvider } from "./scripted_provider.ts";
import { VirtualClock } from "./virtual_clock.ts";

// Time may jump here; leases of shards have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };
const PEOPLE = 9;

export const MODEL = "m1";
export const GROUP = groupId(person(1).id, "group");

export interface AssistantStageOptions {
  readonly contextTokens?: number;
  readonly answer?: Partial<AnswerLimits>;
  readonly assistant?: Partial<AssistantLimits>;
  readonly conversation?: Partial<ConversationLimits>;
  readonly room?: Partial<RoomLimits>;
  /** Answers that one user may ask for in a day. */
  readonly requestsPerDay?: number;
  readonly seed?: number;
}

type Sentence = Extract<Message, { kind: "sent" }>;

/** Groups, rooms and answers on real parts; the clock moves, and the model speaks, only when the test says so. */
export class AssistantStage implements AsyncDisposable {
  readonly provider = new ScriptedProvider();
  /** Whether the model is there, and AI on. */
  modelThere = true;
  enabled = true;
  readonly typed: string[] = [];
  readonly #random: () => number;
  readonly #buses: MemoryBus[] = [];
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  #processes = 0;
  #sends = 0;

  private constructor(
    readonly clock: VirtualClock,
    readonly storage: Storage,
    readonly options: AssistantStageOptions,
  ) {
    this.#random = seeded(options.seed ?? 1);
  }

  static async open(options: AssistantStageOptions = {}): Promise<AssistantStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new AssistantStage(clock, storage, options);
    for (let n = 1; n <= PEOPLE; n++) await storage.accounts.create(account(n, person(n)), 1);
    await stage.#connect().subscribe("barrage.v1.evt.conversation.*.typing", ({ data }) => {
      stage.typed.push(JSON.parse(new TextDecoder().decode(data)).user.name);
    }).ready;
    return stage;
  }

  /** With one process, a group of user 1 and its assistant, that the others have joined. */
  static async withGroup(
    options: AssistantStageOptions = {},
    others: readonly number[] = [2, 3],
    settings: Record<string, unknown> = {},
  ) {
    const stage = await AssistantStage.open(options);
    const process = await stage.start();
    const owner = process.group(1);
    await stage.run(owner.create({ id: "group", title: "Group", join: "open", ...settings }));
    for (const other of others) await stage.run(process.group(other).join({}));
    const id = await stage.set(process);
    return { stage, process, id };
  }

  /** @returns Its id. */
  async set(process: AssistantProcess, given: Record<string, unknown> = {}): Promise<string> {
    const assistant = SetAssistant.parse({ name: "Bot", model: MODEL, ...given });
    const view = await this.run(process.group(1).setAssistant({ assistant }));
    return view.group!.assistant!.id;
  }

  async start(): Promise<AssistantProcess> {
    const bus = this.#connect();
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      ...{ clock, bus, storage, limits: DEFAULT_LIMITS, lease: LEASE, alone: true, networked: false },
      random: this.#random,
    });
    const { answer, assistant, conversation, room, requestsPerDay = 0 } = this.options;
    const host = hostAi(node, {
      storage,
      vault: { open: (id) => Promise.resolve({ id, provider: "script", secret: { apiKey: "secret" } }) },
      providers: { named: (name) => name === "script" ? this.provider : undefined },
      credentials: { list: () => Promise.resolve(this.#credentials()) },
    }, {
      pool: DEFAULT_POOL_LIMITS,
      answer: { ...DEFAULT_ANSWER_LIMITS, budgeted: requestsPerDay > 0, ...answer },
    });
    const limits = { ...DEFAULT_BUDGET_LIMITS, requestsPerDay };
    node.host(budgetActor, budgetFactory({ usage: storage.aiUsage, limits }));
    const stage = this as { readonly enabled: boolean };
    const assistants: AssistantPorts = {
      catalogue: host.catalogue,
      get enabled() {
        return stage.enabled;
      },
      limits: { ...DEFAULT_ASSISTANT_LIMITS, ...assistant },
      meters: new AssistantMeters(),
    };
    hostConversations(node, storage, bus, { ...DEFAULT_CONVERSATION_LIMITS, ...conversation }, assistants);
    const directory = new RoomDirectory();
    const roomLimits = { ...DEFAULT_ROOM_LIMITS, ...room };
    const rooms = { rooms: storage.rooms, directory, limits: roomLimits, drops: node.drops };
    node.host(roomActor, roomFactory({ ...rooms, assistants }));
    await node.start();
    return new AssistantProcess(node, assistants.meters, storage, () => `say-${++this.#sends}`, () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    });
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) await this.clock.settle();
  }

  /** In steps, so that what one timer sets in motion is done before the next. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advance(Math.min(250, left));
      await this.settle();
    }
  }

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

  /** The `n`th call that the model has got, from 1. */
  async call(n: number, mostMs = 10_000) {
    await this.until(() => this.provider.calls.length >= n, mostMs);
    return this.provider.calls[n - 1]!;
  }

  /** Lets time pass until it is so. */
  async until(holds: () => boolean | Promise<boolean>, mostMs = 10_000): Promise<void> {
    await this.settle();
    for (let passed = 0; !await holds(); passed += 50) {
      if (passed > mostMs) throw new Error(`It is not so after ${mostMs} ms: ${holds}`);
      await this.clock.advance(50);
    }
  }

  /** The model says this to the `n`th call, and ends. */
  async reply(n: number, text: string): Promise<void> {
    const call = await this.call(n);
    call.say(text);
    call.finish();
    await this.pass(1_500);
  }

  async messages(): Promise<Message[]> {
    const range = { from: 1, to: 2 ** 53 - 1 };
    const records = await this.storage.messages.range(GROUP, range, 1_000, "first");
    return records.map(({ message }) => message);
  }

  /** What the assistant has said in the group. */
  async answers(): Promise<Sentence[]> {
    return (await this.messages()).flatMap((message) =>
      message.kind === "sent" && message.assistant ? [message] : []
    );
  }

  /** Whether anything is still to be answered in the group: then its timer is set. */
  async unsettled(): Promise<boolean> {
    const shards = Array.from({ length: SHARDS }, (_, n) => n);
    const { timers } = await this.storage.timers.due(shards, 2 ** 53 - 1, 1_000);
    return timers.some(({ kind, name }) => kind === "conversation" && name === "assistant");
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

  #credentials(): CredentialRecord[] {
    if (!this.modelThere) return [];
    const limits = {
      inFlightMax: 4,
      startsPerSecond: 10,
      contextTokens: this.options.contextTokens ?? 8_000,
    };
    const use = { feature: "text", model: MODEL, upstreamModel: "up-1", ...limits } as const;
    return [{
      ...{ id: ulid(9_001), provider: "script", label: "key", sealed: {}, keyVersion: 1 },
      ...{ uses: [use], state: "enabled", createdAt: 0, changedAt: 0 },
    }];
  }
}

export class AssistantProcess {
  constructor(
    readonly node: ActorNode,
    readonly meters: AssistantMeters,
    readonly storage: ProcessStorage,
    readonly nextId: () => string,
    readonly kill: () => void,
  ) {}

  group(user: number): Ref<ConversationVerbs> {
    return this.node.ref(conversationActor, GROUP, viewer(user));
  }

  say(user: number, text: string, mentions: readonly string[] = [], id = this.nextId()): Promise<Sent> {
    const more = mentions.length === 0 ? {} : { mentions: [...mentions] };
    return this.group(user).send(Sending.parse({ id, text, ...more }));
  }

  room(caller: Caller): Ref<RoomVerbs> {
    return this.node.ref(roomActor, ROOM, caller);
  }

  shout(caller: Caller, text: string, id = this.nextId()): Promise<unknown> {
    return this.room(caller).say(Say.parse({ text, id }));
  }

  async items(): Promise<Item[]> {
    return (await this.room(viewer(1)).messages({ after: 0, limit: 1_000 })).items;
  }
}
