import type { Assistant } from "protocol/assistants.ts";
import type { Item } from "protocol/items.ts";
import type { Mute, RoomSettings } from "protocol/rooms.ts";
import type { User } from "protocol/users.ts";
import type {
  AccountStore,
  ApiKeyStore,
  AuditStore,
  OidcFlowStore,
  RevocationStore,
  SessionStore,
} from "./account_storage.ts";
import type {
  AnswerStore,
  CredentialStore,
  FileStore,
  PoolStore,
  RemovalStore,
  ThreadStore,
  UsageStore,
} from "./ai_storage.ts";
import type { CardStore, ChangeStore } from "./card_storage.ts";
import type {
  AssistantRecord,
  ConversationStore,
  MembershipStore,
  MessageStore,
} from "./conversation_storage.ts";
import type { CommitLane, Write } from "./lane.ts";
import type { LastSeenStore } from "./last_seen_storage.ts";
import type { ReportStore } from "./report_storage.ts";
import type { SwitchStore } from "./switch_storage.ts";

export { type CommitLane, type Fence, FencedError, type Survives, type Write } from "./lane.ts";

export interface RoomRecord {
  readonly id: string;
  readonly title: string;
  readonly owner: User;
  /** Ids of users. */
  readonly moderators: readonly string[];
  readonly mutes: readonly Mute[];
  readonly state: "live" | "ended" | "deleted";
  readonly settings: RoomSettings;
  readonly assistant?: AssistantRecord;
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

/** An assistant of null removes it. */
export type RoomPatch =
  & Partial<Pick<RoomRecord, "title" | "moderators" | "mutes" | "state" | "settings" | "endedAt">>
  & { readonly assistant?: AssistantRecord | null };

/** What lists show: who is muted is nobody's business there, nor is what the assistant is told. */
export type ListedRoom = Omit<RoomRecord, "mutes" | "assistant"> & { readonly assistant?: Assistant };

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
  list(page: { before?: string; state?: "live" | "ended"; limit: number }): Promise<ListedRoom[]>;
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
  /**
   * Makes a shard that `from` owns over to `to`, with `epoch + 1`, which is returned; undefined when `from` does not own
   * it with this epoch, or `to` is dead.
   */
  transfer(
    from: { id: string; epoch: number },
    shard: { n: number; epoch: number },
    to: { id: string; epoch: number },
  ): Promise<number | undefined>;
  /** Gives these shards up, if still owned by this node epoch. */
  release(node: { id: string; epoch: number }, shards: readonly number[]): Promise<void>;
  /** The node wants no shards any more; other nodes see it. */
  drain(id: string, epoch: number): Promise<void>;
  /** Ends the node's lease. */
  unregister(id: string, epoch: number): Promise<void>;
}

/** Public keys only; the private half never leaves its node. Times are milliseconds since 1970. */
export interface TokenKeyStore {
  /** `expiresAt`: no token signed with it is good any more. Publishing again only ever prolongs it. */
  publish(kid: string, publicKey: Readonly<Record<string, unknown>>, expiresAt: number): Promise<void>;
  /** Every key that has not expired: a few per node. */
  all(now: number): Promise<{ kid: string; publicKey: Record<string, unknown> }[]>;
  /** Removes at most `limit` that expired before `now`; how many there were. */
  sweep(now: number, limit: number): Promise<number>;
}

export interface Storage extends AsyncDisposable {
  readonly tokenKeys: TokenKeyStore;
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly revocations: RevocationStore;
  readonly apiKeys: ApiKeyStore;
  readonly oidcFlows: OidcFlowStore;
  readonly audit: AuditStore;
  readonly rooms: RoomStore;
  readonly conversations: ConversationStore;
  readonly memberships: MembershipStore;
  readonly messages: MessageStore;
  readonly reports: ReportStore;
  readonly lastSeen: LastSeenStore;
  readonly aiPools: PoolStore;
  readonly answers: AnswerStore;
  readonly credentials: CredentialStore;
  readonly aiUsage: UsageStore;
  readonly aiFiles: FileStore;
  readonly threads: ThreadStore;
  readonly aiRemovals: RemovalStore;
  readonly cards: CardStore;
  readonly changes: ChangeStore;
  readonly switches: SwitchStore;
  readonly timers: TimerStore;
  readonly ownership: OwnershipStore;
  readonly lane: CommitLane;
  /** Rejects when the database cannot be reached. */
  ping(): Promise<void>;
}
