import { type ExpressionBuilder, sql } from "kysely";
import type { Engine, Trx } from "./engine.ts";
import type { Database, NodeRow } from "./schema.ts";
import type { NodeRecord, OwnershipStore, ShardRecord } from "./storage.ts";

interface Holder {
  readonly id: string;
  readonly epoch: number;
}

export class Ownership implements OwnershipStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async register(node: { id: string; address: string; version: string; ttlMs: number }): Promise<NodeRecord> {
    const { id, address, version, ttlMs } = node;
    const fresh = { address, version, draining: 0, expires_at: this.#expiry(ttlMs) };
    const row = await this.#engine.db.insertInto("node").values({ id, epoch: 1, ...fresh })
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet(({ eb, ref }) => ({
          ...fresh,
          epoch: eb(ref("node.epoch"), "+", 1),
        }))
      )
      .returningAll().executeTakeFirstOrThrow();
    return toNode(row);
  }

  async renew(id: string, epoch: number, ttlMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#engine.db.updateTable("node").set({
      expires_at: this.#expiry(ttlMs),
    })
      .where("id", "=", id).where("epoch", "=", epoch).where("expires_at", ">", this.#engine.now())
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async nodes(): Promise<NodeRecord[]> {
    const rows = await this.#engine.db.selectFrom("node").selectAll()
      .where("expires_at", ">", this.#engine.now()).orderBy("id").execute();
    return rows.map(toNode);
  }

  async shards(): Promise<ShardRecord[]> {
    const rows = await this.#engine.db.selectFrom("shard").selectAll().orderBy("n").execute();
    return rows.map((row) => ({
      n: row.n,
      owner: row.owner ?? undefined,
      ownerEpoch: row.owner_epoch,
      epoch: row.epoch,
    }));
  }

  async claim(node: Holder, wanted: readonly number[]): Promise<Map<number, number>> {
    if (wanted.length === 0) return new Map();
    return await this.#engine.db.transaction().execute(async (trx) => {
      if (this.#engine.rowLocks) await this.#lock(trx, wanted);
      const rows = await trx.updateTable("shard")
        .set(({ eb, ref }) => ({ owner: node.id, owner_epoch: node.epoch, epoch: eb(ref("epoch"), "+", 1) }))
        .where(this.#engine.isOneOf("n", wanted))
        .where((eb) => this.#claimantLives(eb, node))
        .where((eb) => eb.not(this.#ownerLives(eb)))
        .returning(["n", "epoch"]).execute();
      return new Map(rows.map((row) => [row.n, row.epoch]));
    });
  }

  async transfer(from: Holder, shard: { n: number; epoch: number }, to: Holder): Promise<number | undefined> {
    const row = await this.#engine.db.updateTable("shard")
      .set(({ eb, ref }) => ({ owner: to.id, owner_epoch: to.epoch, epoch: eb(ref("epoch"), "+", 1) }))
      .where("n", "=", shard.n).where("epoch", "=", shard.epoch)
      .where("owner", "=", from.id).where("owner_epoch", "=", from.epoch)
      .where((eb) => this.#claimantLives(eb, to))
      .returning("epoch").executeTakeFirst();
    return row?.epoch;
  }

  async release(node: Holder, shards: readonly number[]): Promise<void> {
    await this.#engine.db.updateTable("shard").set({ owner: null, owner_epoch: 0 })
      .where(this.#engine.isOneOf("n", shards))
      .where("owner", "=", node.id).where("owner_epoch", "=", node.epoch).execute();
  }

  async drain(id: string, epoch: number): Promise<void> {
    await this.#engine.db.updateTable("node").set({ draining: 1 })
      .where("id", "=", id).where("epoch", "=", epoch).execute();
  }

  async unregister(id: string, epoch: number): Promise<void> {
    // The row stays: its epoch must never start again.
    await this.#engine.db.updateTable("node").set({ expires_at: 0 })
      .where("id", "=", id).where("epoch", "=", epoch).execute();
  }

  #expiry(ttlMs: number) {
    return sql<number>`${this.#engine.now()} + ${ttlMs}`;
  }

  /**
   * Locks the shards against other claims and their owners against a renewal under way. The update that follows
   * takes its own snapshot, so it judges by what those transactions left behind.
   */
  async #lock(trx: Trx, wanted: readonly number[]): Promise<void> {
    const shards = await trx.selectFrom("shard").select("owner")
      .where(this.#engine.isOneOf("n", wanted)).orderBy("n").forUpdate().execute();
    const owners = [...new Set(shards.flatMap(({ owner }) => owner ?? []))];
    await trx.selectFrom("node").select("id")
      .where(this.#engine.isOneOf("id", owners)).orderBy("id").forShare().execute();
  }

  #claimantLives(eb: ExpressionBuilder<Database, "shard">, { id, epoch }: Holder) {
    return eb.exists(
      eb.selectFrom("node").select("node.id")
        .where("node.id", "=", id).where("node.epoch", "=", epoch)
        .where("node.expires_at", ">", this.#engine.now()),
    );
  }

  #ownerLives(eb: ExpressionBuilder<Database, "shard">) {
    return eb.exists(
      eb.selectFrom("node").select("node.id")
        .whereRef("node.id", "=", "shard.owner").whereRef("node.epoch", "=", "shard.owner_epoch")
        .where("node.expires_at", ">", this.#engine.now()),
    );
  }
}

function toNode(row: NodeRow): NodeRecord {
  const { expires_at: expiresAt, draining, ...node } = row;
  return { ...node, draining: draining === 1, expiresAt };
}
