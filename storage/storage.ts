import type { Item } from "protocol/items.ts";
import type { RoomSettings } from "protocol/rooms.ts";
import type { User } from "protocol/users.ts";

/** The row an actor owns while it writes; the write counts only if the row still carries this epoch. */
export interface Fence {
  readonly noun: "room" | "account";
  readonly id: string;
  readonly epoch: number;
}

declare const write: unique symbol;
/** One change, made by a store's method and carried out by the commit lane. Opaque to actors. */
export interface Write {
  readonly [write]: true;
}

/** A newer epoch owns the row: whoever gets this is a zombie and must stop. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  constructor(readonly fence: Fence) {
    super(`${fence.noun} ${fence.id} is owned by an epoch newer than ${fence.epoch}`);
  }
}

/**
 * Group commit for the whole node: every unit that waits goes into one transaction. When `commit` resolves, the
 * writes are durable. A unit is all or nothing and never harms the units beside it.
 */
export interface CommitLane {
  /**
   * @throws {FencedError} when the fence's row is missing or carries another epoch; nothing of this unit is written.
   * @throws {BarrageError} `overloaded` when the lane's bound is reached, `unavailable` after the storage is disposed.
   */
  commit(fence: Fence, writes: readonly Write[]): Promise<void>;
  readonly stats: { readonly transactions: number; readonly units: number; readonly waiting: number };
}

export interface RoomRecord {
  readonly id: string;
  readonly title: string;
  readonly owner: User;
  readonly state: "live" | "ended" | "deleted";
  readonly settings: RoomSettings;
  readonly createdAt: number;
  readonly endedAt?: number;
  /** Lower bound of the room's last offset and of its running total, kept when items are trimmed away. */
  readonly head: number;
  readonly total: number;
}

export interface ItemRecord {
  readonly item: Item;
  /** Sum of the counts of all items of the room up to and including this one. */
  readonly total: number;
  /** Who said it, with the id the client chose: [user, client id]. Keeps retries harmless across restarts. */
  readonly said: readonly (readonly [user: string, clientId: string])[];
}

export type RoomPatch = Partial<Pick<RoomRecord, "title" | "state" | "settings" | "endedAt">>;

export interface RoomStore {
  /** False when the id is taken. */
  create(room: RoomRecord, epoch: number): Promise<boolean>;
  /**
   * Raises the fence to `epoch`, then reads.
   * @throws {FencedError} when a newer epoch owns the room.
   */
  acquire(id: string, epoch: number): Promise<RoomRecord | undefined>;
  read(id: string): Promise<RoomRecord | undefined>;
  /** Newest first; `before` is the last id of the page before. `limit` 1-1,000. */
  list(page: { before?: string; state?: "live" | "ended"; limit: number }): Promise<RoomRecord[]>;
  /** Ids in ascending order after `after`, for filling the directory. */
  states(page: { after?: string; limit: number }): Promise<{ id: string; state: RoomRecord["state"] }[]>;

  /** Ascending items with `offset > after`. `limit` 1-1,000. */
  itemsAfter(id: string, after: number, limit: number): Promise<ItemRecord[]>;
  /** The newest items, ascending. */
  itemsTail(id: string, limit: number): Promise<ItemRecord[]>;
  /** The running total at the newest item with `offset <= at`; undefined when none is kept. */
  totalAt(id: string, at: number): Promise<number | undefined>;

  append(id: string, items: readonly ItemRecord[]): Write;
  update(id: string, patch: RoomPatch): Write;
  /** Removes items older than `before` (ms) and remembers `head` and `total`. */
  trim(id: string, before: number, head: number, total: number): Write;
  /** Removes every item. */
  erase(id: string): Write;
}

export interface TimerRecord {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  /** Grows each time the timer is set again, so that an old delivery cannot end a new timer. */
  readonly generation: number;
  readonly shard: number;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly verb: string;
  readonly input: unknown;
}

export interface TimerStore {
  /** Replaces the timer of the same (kind, key, name), whatever its generation. */
  set(timer: TimerRecord): Write;
  cancel(kind: string, key: string, name: string): Write;
  /** Removes the timer if it still has this generation. */
  done(timer: TimerRecord): Write;
  /** As `done`, on its own, for a handler that wrote nothing; only while the shard still has this epoch. */
  finish(timer: TimerRecord, shardEpoch: number): Promise<void>;
  /** Makes it due again at `dueAt`, if it still has this generation and the shard still has this epoch. */
  postpone(timer: TimerRecord, dueAt: number, shardEpoch: number): Promise<void>;
  /** Due timers of these shards, the earliest first, and when the next one is due. */
  due(
    shards: readonly number[],
    now: number,
    limit: number,
  ): Promise<{ timers: TimerRecord[]; nextAt: number | undefined }>;
}

export const SHARDS = 256;

export interface NodeRecord {
  readonly id: string;
  /** Grows each time a process registers under this id. */
  readonly epoch: number;
  readonly address: string;
  readonly version: string;
  readonly draining: boolean;
  readonly expiresAt: number;
}

export interface ShardRecord {
  readonly n: number;
  readonly owner: string | undefined;
  readonly ownerEpoch: number;
  /** Grows each time the shard changes its owner; never falls. */
  readonly epoch: number;
}

/** All times are the database's clock, so that nodes with wrong clocks agree. */
export interface OwnershipStore {
  /** Registers under `id` with a new epoch; whoever held the id before is thereby dead. */
  register(node: { id: string; address: string; version: string; ttlMs: number }): Promise<NodeRecord>;
  /** False when a newer process has registered under the id, or the lease has run out. */
  renew(id: string, epoch: number, ttlMs: number): Promise<boolean>;
  /** Nodes whose lease has not run out. */
  nodes(): Promise<NodeRecord[]>;
  shards(): Promise<ShardRecord[]>;
  /**
   * In one transaction, takes those of `wanted` that are free, released, or whose owner is dead; each gets
   * `epoch + 1`. Returns what this node epoch now newly owns, with the new epochs.
   */
  claim(node: { id: string; epoch: number }, wanted: readonly number[]): Promise<Map<number, number>>;
  /** Gives these shards up, if still owned by this node epoch. */
  release(node: { id: string; epoch: number }, shards: readonly number[]): Promise<void>;
  /** The node wants no shards any more; other nodes see it. */
  drain(id: string, epoch: number): Promise<void>;
  /** Ends the node's lease. */
  unregister(id: string, epoch: number): Promise<void>;
}

/** Public keys only; the private half never leaves its node. */
export interface TokenKeyStore {
  publish(kid: string, publicKey: Readonly<Record<string, unknown>>): Promise<void>;
  find(kid: string): Promise<Record<string, unknown> | undefined>;
}

export interface Storage extends AsyncDisposable {
  readonly tokenKeys: TokenKeyStore;
  readonly rooms: RoomStore;
  readonly timers: TimerStore;
  readonly ownership: OwnershipStore;
  readonly lane: CommitLane;
  /** Rejects when the database cannot be reached. */
  ping(): Promise<void>;
}
