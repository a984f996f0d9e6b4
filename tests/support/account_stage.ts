import { accountActor, type AccountVerbs } from "actors/account/definition.ts";
import { accountFactory } from "actors/account/account.ts";
import { Alerts } from "actors/account/alerts.ts";
import { type AccountLimits, DEFAULT_ACCOUNT_LIMITS } from "actors/account/limits.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { BarrageError } from "protocol/errors.ts";
import { digest } from "routes/refresh_tokens.ts";
import type { AuditRecord } from "storage/account_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "./process_storage.ts";
import { MortalClock, seeded, ulid } from "./room_stage.ts";
import { VirtualClock } from "./virtual_clock.ts";

export const ALICE = ulid(1);
export const PASSWORD = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

// Time may jump by days here; leases have tests of their own.
const LEASE = { ttlMs: 1e12, renewMs: 1e11, fenceMs: 5e11, settleMs: 0 };

export function arrival(device?: string, region?: string) {
  const name = device ?? "laptop";
  return {
    deviceHash: digest(name),
    device: `Firefox on ${name}`,
    address: "203.0.113.7",
    ...(region === undefined ? {} : { region }),
  };
}

/** As the session sees itself in its access token. */
export function member(session: string, account: string = ALICE): Caller {
  return { kind: "user", user: { id: account, name: "Alice" }, standing: "member", session };
}

/** Why the promise is refused; "ok" when it is not. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (error instanceof BarrageError) return error.reason;
    throw error;
  }
}

/** Account actors on real parts: a database in memory, a memory broker, and a clock that moves only when told to. */
export class AccountStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly storage: Storage;
  readonly events: { readonly subject: string; readonly body: Record<string, unknown> }[] = [];
  readonly #broker: MemoryBroker;
  readonly #limits: AccountLimits;
  readonly #buses: MemoryBus[] = [];
  #processes = 0;

  private constructor(clock: VirtualClock, storage: Storage, limits: Partial<AccountLimits>) {
    this.clock = clock;
    this.storage = storage;
    this.#limits = { ...DEFAULT_ACCOUNT_LIMITS, ...limits };
    this.#broker = new MemoryBroker({
      onError: (error) => {
        throw error;
      },
    });
  }

  static async open(limits: Partial<AccountLimits> = {}): Promise<AccountStage> {
    const clock = new VirtualClock();
    const storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
    const stage = new AccountStage(clock, storage, limits);
    await stage.#listen();
    return stage;
  }

  /** With one process and Alice's account, signed in nowhere. */
  static async withAlice(
    limits: Partial<AccountLimits> = {},
  ): Promise<{ stage: AccountStage; process: AccountProcess }> {
    const stage = await AccountStage.open(limits);
    const process = await stage.start();
    await process.create();
    return { stage, process };
  }

  async start(): Promise<AccountProcess> {
    const bus = this.connect();
    const clock = new MortalClock(this.clock);
    const storage = new ProcessStorage(this.storage);
    const node = new ActorNode({
      node: { id: `node-${++this.#processes}`, address: "stage", version: "test" },
      clock,
      random: seeded(this.#processes),
      bus,
      storage,
      limits: DEFAULT_LIMITS,
      lease: LEASE,
      alone: true,
      networked: false,
    });
    const { accounts, sessions, audit } = storage;
    const alerts = new Alerts(bus);
    node.host(
      accountActor,
      accountFactory({ accounts, sessions, audit, alerts, drops: node.drops, limits: this.#limits }),
    );
    await node.start();
    return new AccountProcess(this, node, storage, () => {
      clock.kill();
      storage.kill();
      bus.disconnect();
    });
  }

  connect(): MemoryBus {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    return bus;
  }

  /** As `kill -9` and a new start. */
  async restart(process: AccountProcess): Promise<AccountProcess> {
    process.kill();
    return await this.start();
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, mostMs = 10_000): Promise<T> {
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

  /** Days go by at once. */
  async jump(ms: number): Promise<void> {
    this.clock.pause(ms);
    await this.clock.advance(0);
  }

  /** What was published under these subjects, the first first. */
  async told(subject: RegExp): Promise<Record<string, unknown>[]> {
    await this.clock.settle();
    return this.events.filter((event) => subject.test(event.subject)).map(({ body }) => body);
  }

  /** The audit log of an account without what differs from run to run, the oldest first. */
  async audited(account: string = ALICE): Promise<Omit<AuditRecord, "id" | "at" | "subject">[]> {
    const lines = await this.storage.audit.list({ subject: account, limit: 1_000 });
    return lines.reverse().map(({ id: _id, at: _at, subject: _subject, ...line }) => line);
  }

  /** Ids of all that is revoked. */
  async revoked(): Promise<string[]> {
    return (await this.storage.revocations.after(0, this.clock.now(), 1_000)).map(({ id }) => id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.storage[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    await this.connect().subscribe("barrage.v1.evt.>", ({ subject, data }) => {
      this.events.push({ subject, body: JSON.parse(new TextDecoder().decode(data)) });
    }).ready;
  }
}

/** One process of the stage. Sessions are numbered; the first token of session n is `token n`. */
export class AccountProcess {
  constructor(
    readonly stage: AccountStage,
    readonly node: ActorNode,
    readonly storage: ProcessStorage,
    /** From here on it does and hears nothing; what it asked of the database may still happen. */
    readonly kill: () => void,
  ) {}

  account(caller: Caller, id: string = ALICE): Ref<AccountVerbs> {
    return this.node.ref(accountActor, id, caller);
  }

  create(id: string = ALICE, login = "alice", name = "Alice") {
    return this.account(ANONYMOUS, id).create({ login, name, password: PASSWORD });
  }

  /** Signs Alice in; resolves to the session as a caller. */
  async signIn(n: number, from = arrival()): Promise<Caller> {
    await this.account(ANONYMOUS).signIn({
      proof: { by: "password", hash: PASSWORD },
      session: ulid(n),
      refreshHash: digest(`token ${n}`),
      arrival: from,
    });
    return member(ulid(n));
  }

  /** Shows `token` for session n, to be followed by `next`. */
  refresh(n: number, token: string, next: string, from = arrival()) {
    return this.account(ANONYMOUS).refresh({
      session: ulid(n),
      presentedHash: digest(token),
      salt: digest(`salt of ${next}`),
      nextHash: digest(next),
      arrival: from,
    });
  }

  /** Which sessions there are, the newest first. */
  async sessions(caller: Caller): Promise<string[]> {
    return (await this.account(caller).sessions({})).sessions.map(({ id }) => id);
  }
}
