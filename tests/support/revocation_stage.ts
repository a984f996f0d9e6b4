import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { Drops } from "actors/runtime/drops.ts";
import { Revocations } from "routes/revocations.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { MortalClock } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

export const POLL_MS = 3_000;
const HASH = "A".repeat(43);

/** What several nodes know of ended sessions, over one database and one broker, on a clock that moves when told to. */
export class RevocationStage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly database: Storage;
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #outside = this.#broker.connect();
  readonly #buses: MemoryBus[] = [this.#outside];

  private constructor(database: Storage) {
    this.database = database;
  }

  static async open(): Promise<RevocationStage> {
    return new RevocationStage(await openSqlite({ path: ":memory:" }));
  }

  async start(max = 1_000): Promise<RevocationNode> {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    const storage = new ProcessStorage(this.database);
    const clock = new MortalClock(this.clock);
    const drops = new Drops();
    const opening = Revocations.open({ store: storage.revocations, bus, clock, drops, max, pollMs: POLL_MS });
    opening.catch(() => {}); // awaited below, once the bus has had its turns
    await this.clock.settle();
    const revocations = await opening;
    const told: string[] = [];
    revocations.watch((ids) => told.push(...ids));
    return { revocations, bus, storage, drops, told };
  }

  get now(): number {
    return this.clock.now();
  }

  /** In the database only, as if the event were lost. */
  async revoke(id: string, until: number = this.now + 1_800_000): Promise<void> {
    const key = { id, name: "Key", scopes: ["rooms"] as const, hash: HASH, createdBy: "test", createdAt: 0 };
    await this.database.apiKeys.create({ ...key, expiresAt: until });
    await this.database.apiKeys.revoke(id, this.now);
  }

  async publish(subject: string, body: string): Promise<void> {
    this.#outside.publish(subject, new TextEncoder().encode(body));
    await this.clock.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.database[Symbol.asyncDispose]();
  }
}

export interface RevocationNode {
  readonly revocations: Revocations;
  readonly bus: MemoryBus;
  readonly storage: ProcessStorage;
  readonly drops: Drops;
  /** What listeners were told. */
  readonly told: string[];
}
