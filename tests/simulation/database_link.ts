import { BarrageError } from "protocol/errors.ts";
import type { Fence, Storage, Write } from "storage/storage.ts";
import { describesWrite, type Stores } from "tests/support/store_writes.ts";
import type { SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** How long a process waits for a database that does not answer. */
const PATIENCE_MS = 3_000;
const LATE_MS = 2_000;

export interface LinkWeather {
  /** Milliseconds of one way, at most. */
  readonly delayMs: number;
  readonly stallChance: number;
  readonly stallMs: number;
  /** Questions that break, before or after the database has done what they ask. */
  readonly breakChance: number;
}

export interface Committed {
  readonly key: string;
  readonly epoch: number;
  readonly process: SimProcess;
}

export interface DatabaseLinkOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly process: SimProcess;
  readonly database: Storage;
  readonly weather: () => LinkWeather;
  readonly committed: (commit: Committed) => void;
}

/**
 * The real database as one process reaches it: every question takes time, and may break before or after it was carried
 * out; a commit that breaks afterwards is answered `timeout`, everything else `unavailable`.
 */
export class DatabaseLink {
  readonly #options: DatabaseLinkOptions;
  readonly storage: Storage;
  #connected = true;

  constructor(options: DatabaseLinkOptions) {
    this.#options = options;
    const { database } = options;
    const own: Partial<Storage> = {
      lane: {
        stats: database.lane.stats,
        commit: (fence, writes) => this.#commit(fence, writes),
      },
      ping: () => this.#ask(() => database.ping(), "unavailable"),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const parts = new Map<keyof Stores, object>();
    const part = (name: keyof Stores) => {
      const known = parts.get(name) ?? this.#part(name, database[name]);
      parts.set(name, known);
      return known;
    };
    this.storage = new Proxy(database, {
      get: (_, name) => own[name as keyof Storage] ?? part(name as keyof Stores),
    });
  }

  cut(): void {
    this.#connected = false;
  }

  mend(): void {
    this.#connected = true;
  }

  #commit(fence: Fence, writes: readonly Write[]): Promise<void> {
    const { database, process, committed } = this.#options;
    return this.#ask(async () => {
      await database.lane.commit(fence, writes);
      committed({ key: fence.id, epoch: fence.epoch, process });
    }, "timeout");
  }

  #part<T extends object>(part: keyof Stores, store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const run = () => Reflect.apply(member, target, args);
          return describesWrite(part, name) ? run() : this.#ask(run, "unavailable");
        };
      },
    });
  }

  #ask<T>(run: () => Promise<T>, broken: "unavailable" | "timeout"): Promise<T> {
    const { timeline, process, random, weather } = this.#options;
    return new Promise<T>((resolve, reject) => {
      const answer = (settle: () => void) => process.deliver("database", settle);
      const fail = (reason: "unavailable" | "timeout", afterMs: number) => {
        timeline.after(afterMs, () => answer(() => reject(new BarrageError(reason))));
      };
      if (!this.#connected) return fail("unavailable", random.chance(0.5) ? 1 : PATIENCE_MS);
      if (random.chance(weather().breakChance / 2)) {
        // A lone statement may still be carried out after its connection was given up; a commit holds locks till its end.
        if (broken === "unavailable" && random.chance(0.5)) this.#late(run);
        return fail("unavailable", this.#delay());
      }
      timeline.after(this.#delay(), async () => {
        // A process that dies has still sent what it sent.
        if (!this.#connected) return fail("unavailable", PATIENCE_MS);
        let settle: () => void;
        try {
          const output = await timeline.work(run);
          settle = () => resolve(output);
        } catch (error) {
          settle = () => reject(error);
        }
        if (random.chance(weather().breakChance / 2)) return fail(broken, this.#delay());
        timeline.after(this.#delay(), () => {
          if (this.#connected) answer(settle);
          else fail(broken, PATIENCE_MS);
        });
      });
    });
  }

  #late(run: () => Promise<unknown>): void {
    const { timeline, random } = this.#options;
    timeline.after(random.between(0, LATE_MS), () => {
      timeline.work(run).catch(() => {
        // Nobody waits for it any more, so nobody hears that it failed.
      });
    });
  }

  #delay(): number {
    const { random, weather } = this.#options;
    const { delayMs, stallChance, stallMs } = weather();
    return random.chance(stallChance) ? random.between(0, stallMs) : random.between(0.1, delayMs);
  }
}
