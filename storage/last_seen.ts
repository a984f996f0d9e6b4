import type { Engine } from "./engine.ts";
import type { LastSeen, LastSeenStore } from "./last_seen_storage.ts";

/** When each user was there last, as far as it was written. */
export class LastSeenTimes implements LastSeenStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async put(seen: readonly LastSeen[]): Promise<void> {
    // In one order, so that nodes which write at the same time do not wait for each other in a circle.
    const rows = seen.map(({ user, at }) => ({ user_id: user, at }))
      .sort((one, other) => one.user_id < other.user_id ? -1 : 1);
    for (let start = 0; start < rows.length;) {
      const end = start + this.#engine.rowsPerInsert(rows.length - start, 2);
      await this.#engine.db.insertInto("last_seen").values(rows.slice(start, end))
        .onConflict((conflict) =>
          conflict.column("user_id").doUpdateSet(({ ref }) => ({ at: ref("excluded.at") }))
            .whereRef("excluded.at", ">", "last_seen.at")
        ).execute();
      start = end;
    }
  }

  async read(users: readonly string[]): Promise<LastSeen[]> {
    const rows = await this.#engine.db.selectFrom("last_seen").selectAll()
      .where(this.#engine.isOneOf("user_id", users)).execute();
    return rows.map(({ user_id: user, at }) => ({ user, at }));
  }
}
