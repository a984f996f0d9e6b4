import type { Kysely } from "kysely";
import type { Item } from "protocol/items.ts";
import type { Database, RoomItemRow } from "./schema.ts";
import type { ItemRecord, Write } from "./storage.ts";
import { toWrite } from "./writes.ts";

type ReadColumns = Pick<RoomItemRow, "total" | "body" | "said">;

const READ_COLUMNS = ["total", "body", "said"] as const;

/** The items of rooms, in the order of their offsets. */
export class RoomItems {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async after(roomId: string, after: number, limit: number): Promise<ItemRecord[]> {
    const rows = await this.#db.selectFrom("room_item").select(READ_COLUMNS)
      .where("room_id", "=", roomId).where("offset", ">", after)
      .orderBy("offset").limit(limit).execute();
    return rows.map(toRecord);
  }

  async tail(roomId: string, limit: number): Promise<ItemRecord[]> {
    const rows = await this.#db.selectFrom("room_item").select(READ_COLUMNS)
      .where("room_id", "=", roomId)
      .orderBy("offset", "desc").limit(limit).execute();
    return rows.reverse().map(toRecord);
  }

  async totalAt(roomId: string, offset: number): Promise<number | undefined> {
    const row = await this.#db.selectFrom("room_item").select("total")
      .where("room_id", "=", roomId).where("offset", "<=", offset)
      .orderBy("offset", "desc").limit(1).executeTakeFirst();
    return row?.total;
  }

  append(roomId: string, items: readonly ItemRecord[]): Write {
    return toWrite({ kind: "insert", table: "room_item", rows: items.map((item) => toRow(roomId, item)) });
  }

  /**
   * Removes a prefix, so that what stays has no hole even if a clock once went back: an item that looks old but
   * follows a young one stays until that one goes.
   */
  trim(roomId: string, before: number, head: number, total: number): Write {
    return toWrite({
      kind: "run",
      tables: ["room", "room_item"],
      async run(trx) {
        const young = await trx.selectFrom("room_item").select("offset")
          .where("room_id", "=", roomId).where("at", ">=", before)
          .orderBy("offset").limit(1).executeTakeFirst();
        const end = young?.offset ?? Number.MAX_SAFE_INTEGER;
        await trx.deleteFrom("room_item").where("room_id", "=", roomId).where("offset", "<", end).execute();
        await trx.updateTable("room").set({ head, total })
          .where("id", "=", roomId).where("head", "<=", head).execute();
      },
    });
  }

  erase(roomId: string): Write {
    return toWrite({
      kind: "run",
      tables: ["room_item"],
      async run(trx) {
        await trx.deleteFrom("room_item").where("room_id", "=", roomId).execute();
      },
    });
  }
}

function toRow(roomId: string, { item, total, said }: ItemRecord): RoomItemRow {
  return {
    room_id: roomId,
    offset: item.offset,
    kind: item.kind,
    total,
    at: item.at,
    body: JSON.stringify(item),
    said: said.length === 0 ? null : JSON.stringify(said),
  };
}

function toRecord({ total, body, said }: ReadColumns): ItemRecord {
  return {
    item: JSON.parse(body) as Item,
    total,
    said: said === null ? [] : JSON.parse(said) as ItemRecord["said"],
  };
}
