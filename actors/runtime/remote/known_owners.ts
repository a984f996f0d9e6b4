import type { ShardRecord } from "storage/storage.ts";
import type { Clock } from "../clock.ts";

/** A database that takes longer is not waited for. */
const LOOK_MS = 500;
/** However many commands go unanswered, the database is asked this often at most. */
const FRESH_MS = 250;

export interface KnownOwnersOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  /** Every shard, as the database has it. */
  readonly shards: () => Promise<readonly ShardRecord[]>;
}

/**
 * Whom commands go to whose shard did not answer in time. A process that stands still stays in the queues of its shards
 * and swallows what falls to it, for as long as it stands, also when others have long taken over. So such a shard's
 * commands leave the queue: they go to the one node that its row names, until that one says that it is not the owner.
 */
export class KnownOwners {
  readonly #options: KnownOwnersOptions;
  readonly #owners = new Map<number, string>();
  #rows: readonly ShardRecord[] = [];
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(options: KnownOwnersOptions) {
    this.#options = options;
  }

  /** The node to address; undefined while the queue serves. */
  of(shard: number): string | undefined {
    return this.#owners.get(shard);
  }

  /** Asks the database; without its answer the queue has to serve. */
  async look(shard: number): Promise<void> {
    const { clock, nodeId } = this.#options;
    if (clock.monotonic() - this.#readAt >= FRESH_MS) {
      const late = Promise.withResolvers<void>();
      const cancel = clock.after(LOOK_MS, late.resolve);
      this.#reading ??= this.#read();
      await Promise.race([this.#reading, late.promise]);
      cancel();
    }
    const fresh = clock.monotonic() - this.#readAt < FRESH_MS;
    const owner = fresh ? this.#rows.find(({ n }) => n === shard)?.owner : undefined;
    if (owner === undefined || owner === nodeId) this.#owners.delete(shard);
    else this.#owners.set(shard, owner);
  }

  /** This node is not the shard's owner, or nobody listens there. */
  wrong(shard: number, owner: string): void {
    if (this.#owners.get(shard) === owner) this.#owners.delete(shard);
  }

  async #read(): Promise<void> {
    try {
      this.#rows = await this.#options.shards();
      this.#readAt = this.#options.clock.monotonic();
    } catch {
      // The lease notices as well when the database is away, and says so; the queue serves meanwhile.
    } finally {
      this.#reading = undefined;
    }
  }
}
