import assert from "node:assert/strict";
import { Kysely } from "kysely";
import { DatabaseSync } from "node:sqlite";
import { GroupCommitLane } from "storage/commit_lane.ts";
import { migrate } from "storage/migrations/index.ts";
import type { Database } from "storage/schema.ts";
import { openSqlite, SqliteEngine } from "storage/sqlite.ts";
import { NodeSqliteDialect, UNFLUSHED } from "storage/sqlite_dialect.ts";
import { Timers } from "storage/timers.ts";
import { outcome } from "tests/support/runtime_stage.ts";
import { createRooms, fence, offsets, says } from "./contract/records.ts";

/** A disk that is as slow as the test wants it to be. */
class HeldEngine extends SqliteEngine {
  readonly flushes: PromiseWithResolvers<void>[] = [];
  override readonly flush = () => {
    const flush = Promise.withResolvers<void>();
    this.flushes.push(flush);
    return flush.promise;
  };
}

class Stage implements AsyncDisposable {
  readonly engine = new HeldEngine(":memory:", Date.now);
  readonly lane = new GroupCommitLane(this.engine);
  readonly #timers = new Timers(this.engine);

  static async open(): Promise<Stage> {
    const stage = new Stage();
    await migrate(stage.engine.db);
    const rooms = [1, 2, 3, 4].map((n) => ({ id: `room-${n}`, owner_epoch: 1 }));
    for (const { id, owner_epoch } of rooms) {
      await stage.engine.db.insertInto("pool").values({ id, owner_epoch, resting: 1 }).execute();
    }
    return stage;
  }

  commit(n: number, survives?: "process" | "machine"): Promise<void> {
    const timer = {
      ...{ kind: "pool", key: `room-${n}`, name: "one", generation: 1, shard: 1, dueAt: 1 },
      ...{ verb: "tick", input: {} },
    };
    return this.lane.commit({ noun: "pool", id: `room-${n}`, epoch: 1 }, [this.#timers.set(timer)], survives);
  }

  async stored(): Promise<string[]> {
    const rows = await this.engine.db.selectFrom("timer").select("key").orderBy("key").execute();
    return rows.map(({ key }) => key);
  }

  async flushed(n: number): Promise<void> {
    while (this.engine.flushes.length < n) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const flush of this.engine.flushes) flush.resolve();
    await this.lane[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
  }
}

Deno.test("[D127] a unit is told of once the disk has it, and one that only the process must survive before", async () => {
  await using stage = await Stage.open();
  const [slow, fast] = [stage.commit(1), stage.commit(2, "process")];
  await fast;
  await stage.flushed(1);
  assert.equal(await outcome(slow), "open");
  assert.deepEqual(await stage.stored(), ["room-1", "room-2"]);
  stage.engine.flushes[0]!.resolve();
  await slow;
  assert.equal(stage.engine.flushes.length, 1);
});

Deno.test("[D127] while the disk works those gather that wait for it; one that does not takes them along", async () => {
  await using stage = await Stage.open();
  const first = stage.commit(1);
  await stage.flushed(1);
  const second = stage.commit(2);
  assert.equal(await outcome(second), "open");
  assert.deepEqual(await stage.stored(), ["room-1"]);
  await stage.commit(3, "process");
  assert.deepEqual(await stage.stored(), ["room-1", "room-2", "room-3"]);
  stage.engine.flushes[0]!.resolve();
  await first;
  assert.equal(await outcome(second), "open", "that flush began before it was committed");
  await stage.flushed(2);
  stage.engine.flushes[1]!.resolve();
  await second;
  const third = stage.commit(4);
  await stage.flushed(3);
  stage.engine.flushes[2]!.resolve();
  await third;
});

Deno.test("[D127] a disk that fails is told as not known, and the lane goes on", async () => {
  await using stage = await Stage.open();
  const first = stage.commit(1);
  await stage.flushed(1);
  stage.engine.flushes[0]!.reject(new Error("EIO"));
  await assert.rejects(first, { reason: "timeout" });
  const second = stage.commit(2);
  await stage.flushed(2);
  stage.engine.flushes[1]!.resolve();
  await second;
  assert.deepEqual(stage.lane.stats.failed, 1);
});

Deno.test("[D127] only transactions of the lane leave the flushing to their maker, however they end", async () => {
  const database = new DatabaseSync(":memory:");
  await using db = new Kysely<Database>({ dialect: new NodeSqliteDialect(database) });
  await migrate(db);
  const level = () => Object.values(database.prepare("PRAGMA synchronous").get()!)[0];
  const [NORMAL, FULL] = [1, 2];
  const seen: unknown[] = [];
  const look = () => Promise.resolve(void seen.push(level()));
  await db.transaction().setAccessMode(UNFLUSHED).execute(look);
  seen.push(level());
  await db.transaction().execute(look);
  await db.transaction().setAccessMode(UNFLUSHED).execute(() => Promise.reject(new Error("no"))).catch(look);
  assert.deepEqual(seen, [NORMAL, FULL, FULL, FULL]);
});

Deno.test("[D127] a file is flushed by its real log", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      await using storage = await openSqlite({ path: `${folder}/barrage.sqlite` });
      await createRooms(storage, 1);
      await Promise.all(
        [1, 2, 3].map(() => storage.lane.commit(fence(1), [])),
      );
      await storage.lane.commit(fence(1), [storage.rooms.append(fence(1).id, says(1, 1))]);
    }
    await using storage = await openSqlite({ path: `${folder}/barrage.sqlite` });
    assert.deepEqual(await offsets(storage, 1), [1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
