import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { Ulid } from "protocol/ids.ts";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { RevocationStore } from "storage/account_storage.ts";

const log = getLogger(["barrage", "revocations"]);

const PAGE = 10_000;
/** Kept so much longer than need be: a clock that is set back must not bring anybody back. */
const SLACK_MS = 600_000;
/** When more ended than memory takes, all is read again this often, to see whether it does by now. */
const RECOUNT_MS = 60_000;
const SUBJECTS = ["barrage.v1.evt.account.*.ended", "barrage.v1.evt.key.*.ended"];

/** What an account or a key publishes when sessions, or the key itself, have ended. */
export const Ended = z.object({ sessions: z.array(z.object({ id: Ulid, until: z.int() })).max(10_000) });
export type Ended = z.infer<typeof Ended>;

export interface RevocationsOptions {
  readonly store: Pick<RevocationStore, "after" | "has">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  /** Ids in memory. */
  readonly max: number;
  readonly pollMs: number;
}

/**
 * `whole`: what is not in memory has not ended. `partial`: there were more than memory takes, so the store is asked about
 * each id that is not in it.
 */
type Knowledge = { readonly kind: "whole" } | { readonly kind: "partial"; readonly countedAt: number };

/**
 * The sessions and API keys that ended before their tokens did, in the memory of every node. Each is told of by an event
 * at once; whoever missed the event finds it in the store within `pollMs`, and at once when the bus is back.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #listeners = new Set<(ids: readonly string[]) => void>();
  /** When the last token of each has run out; in the order in which they came. */
  readonly #until = new Map<string, number>();
  readonly #subscriptions: Subscription[];
  readonly #unwatch: () => void;
  #knowledge: Knowledge = { kind: "whole" };
  #newest = 0;
  #evicted = 0;
  #reading: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  private constructor(options: RevocationsOptions) {
    this.#options = options;
    const { bus } = options;
    this.#subscriptions = SUBJECTS.map((subject) => bus.subscribe(subject, (message) => this.#hear(message)));
    this.#unwatch = bus.watch((state) => {
      if (state === "connected") this.#poll();
    });
  }

  /** Resolves when everything that has ended so far is known. */
  static async open(options: RevocationsOptions): Promise<Revocations> {
    const revocations = new Revocations(options);
    try {
      await Promise.all(revocations.#subscriptions.map(({ ready }) => ready));
      await revocations.#catchUp();
    } catch (error) {
      revocations[Symbol.dispose]();
      throw error;
    }
    revocations.#plan();
    return revocations;
  }

  /** Ids in memory. */
  get size(): number {
    return this.#until.size;
  }

  /** Calls back with the ids of what has just ended, once for each; returns a function that ends it. */
  watch(listener: (ids: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As far as this node's memory goes. */
  remembers(id: string): boolean {
    return this.#until.has(id);
  }

  /** Whether it has not ended, as far as can be told without the store; false says nothing. */
  surelyNotEnded(id: string): boolean {
    return this.#knowledge.kind === "whole" && !this.#until.has(id);
  }

  /** Rejects when the store would have to be asked and cannot be. */
  async ended(id: string): Promise<boolean> {
    if (this.#until.has(id)) return true;
    if (this.#knowledge.kind === "whole") return false;
    // It may end while the store answers.
    return await this.#options.store.has(id) || this.#until.has(id);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#unwatch();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #hear({ data }: BusMessage): void {
    try {
      this.#add(Ended.parse(JSON.parse(new TextDecoder().decode(data))).sessions);
    } catch (error) {
      // The store has it as well.
      this.#options.drops.count("revocations", "parse");
      log.warn("Cannot read what has ended: {error}", { error });
      this.#poll();
    }
  }

  #add(ended: readonly { readonly id: string; readonly until: number }[]): void {
    const news: string[] = [];
    for (const { id, until } of ended) {
      const known = this.#until.get(id);
      if (known === undefined) news.push(id);
      this.#until.set(id, Math.max(until, known ?? 0));
    }
    this.#shrink();
    if (news.length === 0) return;
    for (const listener of this.#listeners) listener(news);
  }

  /** The first to come are the first to go: for what has just ended nobody should have to ask the store. */
  #shrink(): void {
    const { max, clock, drops } = this.#options;
    for (const id of this.#until.keys()) {
      if (this.#until.size <= max) return;
      this.#until.delete(id);
      this.#evicted++;
      drops.count("revocations", "overflow");
      if (this.#knowledge.kind === "whole") {
        log.warn("More than {max} sessions have ended: the database is asked about every other one", { max });
      }
      this.#knowledge = { kind: "partial", countedAt: clock.monotonic() };
    }
  }

  #plan(): void {
    this.#cancel = this.#options.clock.after(this.#options.pollMs, () => {
      this.#poll();
      this.#plan();
    });
  }

  #poll(): void {
    this.#catchUp().catch((error) => {
      log.warn("Cannot read what has ended, which is tried again: {error}", { error });
    });
  }

  /** One reading at a time; who asks while one is under way needs the next, as this one may be past it. */
  #catchUp(): Promise<void> {
    const before = this.#reading ?? Promise.resolve();
    const reading: Promise<void> = before.catch(() => {}).then(() => this.#read()).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    return this.#reading = reading;
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    this.#forget();
    await this.#readAfter(this.#newest);
    if (this.#knowledge.kind === "whole" || clock.monotonic() - this.#knowledge.countedAt < RECOUNT_MS) {
      return;
    }
    const evicted = this.#evicted;
    await this.#readAfter(0, () => this.#evicted === evicted);
    this.#knowledge = this.#evicted === evicted
      ? { kind: "whole" }
      : { kind: "partial", countedAt: clock.monotonic() };
  }

  async #readAfter(n: number, worthwhile: () => boolean = () => true): Promise<void> {
    const { store, clock } = this.#options;
    for (let more = true; more && !this.#stopped && worthwhile();) {
      const page = await store.after(n, clock.now() - SLACK_MS, PAGE);
      this.#add(page);
      n = page.at(-1)?.n ?? n;
      this.#newest = Math.max(this.#newest, n);
      more = page.length === PAGE;
    }
  }

  #forget(): void {
    const now = this.#options.clock.now();
    for (const [id, until] of this.#until) if (until + SLACK_MS < now) this.#until.delete(id);
  }
}
