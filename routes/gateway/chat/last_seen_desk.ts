import { getLogger } from "@logtape/logtape";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { LastSeenStore } from "storage/last_seen_storage.ts";

const log = getLogger(["barrage", "presence"]);

/** What happens meanwhile is one write. */
const WRITE_MS = 10_000;
/** Whoever stays is seen again; a node that is killed forgets no more than this. */
const REFRESH_MS = 900_000;
const ROWS = 1_000;
/** Users who wait for the database. */
const WAITING_MAX = 200_000;
const MINUTE_MS = 60_000;

export interface LastSeenDeskOptions {
  readonly store: LastSeenStore;
  readonly clock: Clock;
  readonly drops: Drops;
  /** Who has sockets here. */
  readonly present: () => Iterable<string>;
}

/** When users were there last: told by all nodes, each for its own sockets, and written together. */
export class LastSeenDesk implements AsyncDisposable {
  readonly #options: LastSeenDeskOptions;
  #waiting = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();
  #cancelWrite: (() => void) | undefined;
  #cancelRefresh: () => void;

  constructor(options: LastSeenDeskOptions) {
    this.#options = options;
    this.#cancelRefresh = options.clock.after(REFRESH_MS, () => this.#refresh());
  }

  /** The user is here now, or was until now. */
  saw(user: string): void {
    const { clock, drops } = this.#options;
    if (this.#waiting.size >= WAITING_MAX && !this.#waiting.has(user)) {
      return drops.count("presence", "unwritten");
    }
    this.#waiting.set(user, clock.now());
    this.#cancelWrite ??= clock.after(WRITE_MS, () => this.#write());
  }

  /** To the minute; who was never seen is missing. */
  async of(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (users.length === 0) return new Map();
    const stored = await this.#options.store.read(users);
    const times = new Map(stored.map(({ user, at }) => [user, at]));
    for (const user of users) {
      const at = this.#waiting.get(user);
      if (at !== undefined) times.set(user, Math.max(at, times.get(user) ?? 0));
    }
    return new Map([...times].map(([user, at]) => [user, toMinute(at)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelRefresh();
    this.#cancelWrite?.();
    await this.#writing;
    this.#write();
    await this.#writing;
    this.#cancelWrite?.();
  }

  #refresh(): void {
    for (const user of this.#options.present()) this.saw(user);
    this.#cancelRefresh = this.#options.clock.after(REFRESH_MS, () => this.#refresh());
  }

  #write(): void {
    this.#cancelWrite = undefined;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#writing = this.#writing.then(() => this.#put(waiting));
  }

  async #put(seen: ReadonlyMap<string, number>): Promise<void> {
    const rows = [...seen].map(([user, at]) => ({ user, at }));
    for (let start = 0; start < rows.length; start += ROWS) {
      const some = rows.slice(start, start + ROWS);
      try {
        await this.#options.store.put(some);
      } catch (error) {
        // They are seen again when they come or go, and that is soon enough.
        for (const _ of some) this.#options.drops.count("presence", "unwritten");
        log.warn("Cannot write when users were there last: {error}", { error });
        return;
      }
    }
  }
}

export function toMinute(at: number): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
