import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { conversationFactory } from "actors/conversation/conversation.ts";
import { directId, groupId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, type ConversationVerbs, Sending } from "actors/conversation/definition.ts";
import { Doorbell } from "actors/conversation/doorbell.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import { People } from "actors/conversation/people.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS, type RuntimeLimits } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { Draft, Message, Sent } from "protocol/chat.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { account } from "tests/storage/contract/account_records.ts";
import { ProcessStorage } from "./process_storage.ts";
import { MortalClock, person, seeded, viewer } from "./room_stage.ts";
import { VirtualClock } from "./virtual_clock.ts";

export { guest, person, ulid } from "./room_stage.ts";

// Time may jump by days here; leases have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };

/** User `n` as a caller. */
export const member = viewer;

export function direct(one: number, other: number): string {
  return directId(person(one).id, person(other).id);
}

/** The group that user `owner` makes under the name of `group`. */
export function group(owner = 1, name = "group"): string {
  return groupId(person(owner).id, name);
}

export interface StageOptions {
  readonly limits?: Partial<ConversationLimits>;
  readonly runtime?: Partial<RuntimeLimits>;
  readonly seed?: number;
  /** Users 1 to this have accounts. @default {9} */
  readonly people?: number;
}

/** One change as nodes hear of it. */
export interface Heard {
  readonly method: string;
  readonly version: number;
  readonly previous: number;
  readonly members: number;
  readonly epoch: number;
  readonly to: readonly string[] | undefined;
  readonly params: Record<string, unknown>;
}

/** Conversation actors on real parts: a database in memory, a memory broker, and a clock that moves only when told to. */
export class ConversationStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly storage: Storage;
  /** Users whose nodes were told to look, in the order told. */
  readonly rung: string[] = [];
  readonly #broker: MemoryBroker;
  readonly #options: StageOptions;
  readonly #random: () => number;
  readonly #buses: MemoryBus[] = [];
  readonly #heard = new Map<string, Heard[]>();
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

  static async open(options: StageOptions = {}): Promise<ConversationStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new ConversationStage(clock, storage, options);
    for (let n = 1; n <= (options.people ?? 9); n++) {
      await storage.accounts.create(account(n, person(n)), 1);
    }
    await stage.#listen();
    return stage;
  }

  /** With one process. */
  static async withProcess(
    options: StageOptions = {},
  ): Promise<{ stage: ConversationStage; process: ConversationProcess }> {
    const stage = await ConversationStage.open(options);
    return { stage, process: await stage.start() };
  }

  async start(): Promise<ConversationProcess> {
    const bus = this.#connect();
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      clock,
      random: this.#random,
      bus,
      storage,
      limits: { ...DEFAULT_LIMITS, ...this.#options.runtime },
      lease: LEASE,
      alone: true,
      networked: false,
    });
    const { conversations, memberships, messages, accounts, reports, audit } = storage;
    const ports = {
      ...{ conversations, memberships, messages, reports, audit },
      doorbell: new Doorbell(bus),
      people: new People(accounts),
      drops: node.drops,
      limits: { ...DEFAULT_CONVERSATION_LIMITS, ...this.#options.limits },
    };
    node.host(conversationActor, conversationFactory(ports));
    await node.start();
    return new ConversationProcess(node, storage, () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    });
  }

  /** As `kill -9` and a new start. */
  async restart(process: ConversationProcess): Promise<ConversationProcess> {
    process.kill();
    return await this.start();
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

  /** What was published of a conversation, the first first. */
  async heard(id: string): Promise<readonly Heard[]> {
    await this.settle();
    return this.#heard.get(id) ?? [];
  }

  /** What the database holds of a conversation. */
  async stored(id: string): Promise<Message[]> {
    const found: Message[] = [];
    for (;;) {
      const range = { from: (found.at(-1)?.seq ?? 0) + 1, to: 2 ** 53 - 1 };
      const page = await this.storage.messages.range(id, range, 1_000, "first");
      found.push(...page.map(({ message }) => message));
      if (page.length < 1_000) return found;
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

  async #listen(): Promise<void> {
    const bus = this.#connect();
    await bus.subscribe("barrage.v1.evt.conversation.*.changed", ({ subject, data, headers }) => {
      const id = subject.split(".")[4]!;
      const [version, previous, members, epoch] = ["version", "previous", "members", "epoch"]
        .map((name) => Number(headers[name]));
      const heard: Heard = {
        method: headers["method"] ?? "",
        version: version!,
        previous: previous!,
        members: members!,
        epoch: epoch!,
        to: headers["to"]?.split(","),
        params: JSON.parse(new TextDecoder().decode(data)),
      };
      if (this.#heard.get(id)?.push(heard) === undefined) this.#heard.set(id, [heard]);
    }).ready;
    await bus.subscribe("barrage.v1.evt.user.*.conversation", ({ subject }) => {
      this.rung.push(subject.split(".")[4]!);
    }).ready;
  }
}

let processes = 0;

/** One process of the stage. */
export class ConversationProcess {
  #sends = 0;
  readonly #name = String(processes++);

  constructor(
    readonly node: ActorNode,
    readonly storage: ProcessStorage,
    /** From here on it does and hears nothing; what it asked of the database may still happen. */
    readonly kill: () => void,
  ) {}

  at(id: string, caller: Caller): Ref<ConversationVerbs> {
    return this.node.ref(conversationActor, id, caller);
  }

  /** User `from` writes to user `to`. */
  write(from: number, to: number, text: string, id = this.#id(), more: Partial<Draft> = {}): Promise<Sent> {
    const input = Sending.parse({ peer: person(to).id, id, text, ...more });
    return this.at(direct(from, to), member(from)).send(input);
  }

  /** User `from` writes to a group. */
  say(group: string, from: number, text: string, id = this.#id(), more: Partial<Draft> = {}): Promise<Sent> {
    return this.at(group, member(from)).send(Sending.parse({ id, text, ...more }));
  }

  /** A group of user 1, which the others have joined. */
  async found(others: readonly number[] = [], settings: Record<string, unknown> = {}): Promise<string> {
    const id = group(1);
    await this.at(id, member(1)).create({ id: "group", title: "Group", join: "open", ...settings });
    for (const other of others) {
      await this.at(id, member(1)).invite({ users: [person(other).id] });
      await this.at(id, member(other)).join({});
    }
    return id;
  }

  #id(): string {
    return `client-${this.#name}-${++this.#sends}`;
  }
}

/** Why the promise is refused; "ok" when it is not. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (error instanceof Error && "reason" in error) return String(error.reason);
    throw error;
  }
}

/** The texts of messages that were sent. */
export function textsOf(messages: readonly Message[]): (string | undefined)[] {
  return messages.map((message) => message.kind === "sent" ? message.text : message.kind);
}
