import type { CommitLane, Fence, Storage, Write } from "storage/storage.ts";
import { describesWrite, type Stores } from "./store_writes.ts";

type Part = keyof Stores | "lane";

/** What happens to the next commit: refused before anything is written, or written and its answer lost. */
export type Fault =
  | { readonly kind: "refuse"; readonly error: Error }
  | { readonly kind: "lose_answer"; readonly error: Error };

/**
 * A real storage as one process sees it: what it asks is counted, commits fail or wait when told to, and once the
 * process is dead no answer reaches it any more.
 */
export class ProcessStorage implements Storage {
  readonly accounts: Stores["accounts"];
  readonly sessions: Stores["sessions"];
  readonly revocations: Stores["revocations"];
  readonly apiKeys: Stores["apiKeys"];
  readonly oidcFlows: Stores["oidcFlows"];
  readonly audit: Stores["audit"];
  readonly rooms: Stores["rooms"];
  readonly conversations: Stores["conversations"];
  readonly memberships: Stores["memberships"];
  readonly messages: Stores["messages"];
  readonly reports: Stores["reports"];
  readonly lastSeen: Stores["lastSeen"];
  readonly aiPools: Stores["aiPools"];
  readonly answers: Stores["answers"];
  readonly credentials: Stores["credentials"];
  readonly aiUsage: Stores["aiUsage"];
  readonly aiFiles: Stores["aiFiles"];
  readonly threads: Stores["threads"];
  readonly aiRemovals: Stores["aiRemovals"];
  readonly cards: Stores["cards"];
  readonly changes: Stores["changes"];
  readonly switches: Stores["switches"];
  readonly timers: Stores["timers"];
  readonly ownership: Stores["ownership"];
  readonly tokenKeys: Stores["tokenKeys"];
  readonly lane: CommitLane;
  readonly #inner: Storage;
  readonly #asked = new Map<Part, number>();
  readonly #faults: Fault[] = [];
  readonly #gates = new Map<Part, Promise<void>>();
  readonly #refusals = new Map<Part, Error[]>();
  #dead = false;

  constructor(inner: Storage) {
    this.#inner = inner;
    this.accounts = this.#observed("accounts", inner.accounts);
    this.sessions = this.#observed("sessions", inner.sessions);
    this.revocations = this.#observed("revocations", inner.revocations);
    this.apiKeys = this.#observed("apiKeys", inner.apiKeys);
    this.oidcFlows = this.#observed("oidcFlows", inner.oidcFlows);
    this.audit = this.#observed("audit", inner.audit);
    this.rooms = this.#observed("rooms", inner.rooms);
    this.conversations = this.#observed("conversations", inner.conversations);
    this.memberships = this.#observed("memberships", inner.memberships);
    this.messages = this.#observed("messages", inner.messages);
    this.reports = this.#observed("reports", inner.reports);
    this.lastSeen = this.#observed("lastSeen", inner.lastSeen);
    this.aiPools = this.#observed("aiPools", inner.aiPools);
    this.answers = this.#observed("answers", inner.answers);
    this.credentials = this.#observed("credentials", inner.credentials);
    this.aiUsage = this.#observed("aiUsage", inner.aiUsage);
    this.aiFiles = this.#observed("aiFiles", inner.aiFiles);
    this.threads = this.#observed("threads", inner.threads);
    this.aiRemovals = this.#observed("aiRemovals", inner.aiRemovals);
    this.cards = this.#observed("cards", inner.cards);
    this.changes = inner.changes;
    this.switches = this.#observed("switches", inner.switches);
    this.timers = this.#observed("timers", inner.timers);
    this.ownership = this.#observed("ownership", inner.ownership);
    this.tokenKeys = this.#observed("tokenKeys", inner.tokenKeys);
    const observedLane = this.#observed("lane", inner.lane);
    this.lane = {
      commit: (fence, writes) => this.#commit(observedLane, fence, writes),
      get stats() {
        return inner.lane.stats;
      },
    };
  }

  /** How often this part of the database was asked. */
  asked(part: Part): number {
    return this.#asked.get(part) ?? 0;
  }

  faultNext(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** The next that this part is asked fails. */
  refuseNext(part: Part, error: Error): void {
    this.#refusals.set(part, [...this.#refusals.get(part) ?? [], error]);
  }

  /** What this part is asked waits from now on, until the returned function is called. */
  hold(part: Part): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(part, promise);
    return () => {
      this.#gates.delete(part);
      resolve();
    };
  }

  kill(): void {
    this.#dead = true;
  }

  ping(): Promise<void> {
    return this.#inner.ping();
  }

  /** The database outlives its processes. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #commit(lane: CommitLane, fence: Fence, writes: readonly Write[]): Promise<void> {
    const fault = this.#faults.shift();
    if (fault?.kind === "refuse") throw fault.error;
    await lane.commit(fence, writes);
    if (fault?.kind === "lose_answer") throw fault.error;
  }

  #observed<T extends object>(part: Part, store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const call = () => Reflect.apply(member, target, args);
          return describesWrite(part, name) ? call() : this.#ask(part, call);
        };
      },
    });
  }

  async #ask(part: Part, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#dead) return await new Promise(() => {});
    this.#asked.set(part, this.asked(part) + 1);
    try {
      await this.#gates.get(part);
      const refusal = this.#refusals.get(part)?.shift();
      if (refusal !== undefined) throw refusal;
      return await run();
    } finally {
      if (this.#dead) await new Promise(() => {});
    }
  }
}
