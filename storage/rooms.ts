import type { Kysely } from "kysely";
import type { Mute } from "protocol/rooms.ts";
import type { CardChanges } from "./card_changes.ts";
import { ROOM_COLUMNS, roomCard } from "./cards.ts";
import type { AssistantRecord } from "./conversation_storage.ts";
import { RoomItems } from "./items.ts";
import type { Database, RoomRow } from "./schema.ts";
import {
  FencedError,
  type ItemRecord,
  type ListedRoom,
  type RoomPatch,
  type RoomRecord,
  type RoomStore,
  type Write,
} from "./storage.ts";
import { toWrite } from "./writes.ts";

const LISTED_COLUMNS = [...ROOM_COLUMNS, "head", "total"] as const;

export class Rooms implements RoomStore {
  readonly #db: Kysely<Database>;
  readonly #changes: CardChanges;
  readonly #items: RoomItems;

  constructor(db: Kysely<Database>, changes: CardChanges) {
    this.#db = db;
    this.#changes = changes;
    this.#items = new RoomItems(db);
  }

  async create(room: RoomRecord, epoch: number): Promise<boolean> {
    const change = { entity: "room", id: room.id, version: 1 } as const;
    const created = await this.#db.transaction().execute(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx.insertInto("room")
        .values({ ...toRow(room), owner_epoch: epoch })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) return false;
      await this.#changes.record(trx, change);
      return true;
    });
    if (created) this.#changes.tell(change);
    return created;
  }

  async acquire(id: string, epoch: number): Promise<RoomRecord | undefined> {
    const row = await this.#db.updateTable("room").set({ owner_epoch: epoch })
      .where("id", "=", id).where("owner_epoch", "<=", epoch)
      .returningAll().executeTakeFirst();
    if (row !== undefined) return toRecord(row);
    const other = await this.#db.selectFrom("room").select("owner_epoch").where("id", "=", id)
      .executeTakeFirst();
    if (other === undefined) return undefined;
    if (other.owner_epoch > epoch) throw new FencedError({ noun: "room", id, epoch });
    return await this.acquire(id, epoch); // created between the two statements
  }

  async read(id: string): Promise<RoomRecord | undefined> {
    const row = await this.#db.selectFrom("room").selectAll().where("id", "=", id).executeTakeFirst();
    return row && toRecord(row);
  }

  async list(page: { before?: string; state?: "live" | "ended"; limit: number }): Promise<ListedRoom[]> {
    const { before, state, limit } = page;
    let query = this.#db.selectFrom("room").select(LISTED_COLUMNS).orderBy("id", "desc").limit(limit);
    query = state === undefined ? query.where("state", "!=", "deleted") : query.where("state", "=", state);
    if (before !== undefined) query = query.where("id", "<", before);
    return (await query.execute()).map(toListed);
  }

  async states(
    page: { after?: string; limit: number },
  ): Promise<{ id: string; state: RoomRecord["state"] }[]> {
    const rows = await this.#db.selectFrom("room").select(["id", "state"])
      .where("id", ">", page.after ?? "").orderBy("id").limit(page.limit).execute();
    return rows.map(({ id, state }) => ({ id, state }));
  }

  itemsAfter(id: string, after: number, limit: number): Promise<ItemRecord[]> {
    return this.#items.after(id, after, limit);
  }

  itemsTail(id: string, limit: number): Promise<ItemRecord[]> {
    return this.#items.tail(id, limit);
  }

  totalAt(id: string, at: number): Promise<number | undefined> {
    return this.#items.totalAt(id, at);
  }

  append(id: string, items: readonly ItemRecord[]): Write {
    return this.#items.append(id, items);
  }

  trim(id: string, before: number, head: number, total: number): Write {
    return this.#items.trim(id, before, head, total);
  }

  erase(id: string): Write {
    return this.#items.erase(id);
  }

  update(id: string, patch: RoomPatch): Write {
    // Who is muted is not on the card, and whatever else there is, is.
    const { mutes: _mutes, ...shown } = patch;
    if (Object.keys(shown).length > 0) return toWrite(this.#changes.update("room", id, toColumns(patch)));
    return toWrite({
      kind: "run",
      tables: ["room"],
      async run(trx) {
        const columns = toColumns(patch);
        if (Object.keys(columns).length === 0) return;
        await trx.updateTable("room").set(columns).where("id", "=", id).execute();
      },
    });
  }
}

function toColumns(patch: RoomPatch): Partial<RoomRow> {
  return {
    ...(patch.title !== undefined && { title: patch.title }),
    ...(patch.moderators !== undefined && { moderators: JSON.stringify(patch.moderators) }),
    ...(patch.mutes !== undefined && { mutes: JSON.stringify(patch.mutes) }),
    ...(patch.state !== undefined && { state: patch.state }),
    ...(patch.settings !== undefined && { settings: JSON.stringify(patch.settings) }),
    ...(patch.assistant !== undefined && { assistant: assistantColumn(patch.assistant) }),
    ...(patch.endedAt !== undefined && { ended_at: patch.endedAt }),
  };
}

function toRow(room: RoomRecord): Omit<RoomRow, "owner_epoch" | "version"> {
  return {
    id: room.id,
    title: room.title,
    owner_id: room.owner.id,
    owner_name: room.owner.name,
    moderators: JSON.stringify(room.moderators),
    mutes: JSON.stringify(room.mutes),
    state: room.state,
    settings: JSON.stringify(room.settings),
    assistant: assistantColumn(room.assistant),
    created_at: room.createdAt,
    ended_at: room.endedAt ?? null,
    head: room.head,
    total: room.total,
  };
}

function assistantColumn(assistant: AssistantRecord | null | undefined): string | null {
  return assistant ? JSON.stringify(assistant) : null;
}

function toRecord(row: RoomRow): RoomRecord {
  const { assistant: _shown, ...listed } = toListed(row);
  return {
    ...listed,
    ...(row.assistant !== null && { assistant: JSON.parse(row.assistant) as AssistantRecord }),
    mutes: JSON.parse(row.mutes) as Mute[],
  };
}

function toListed(row: Pick<RoomRow, typeof LISTED_COLUMNS[number]>): ListedRoom {
  return { ...roomCard(row), head: row.head, total: row.total };
}
