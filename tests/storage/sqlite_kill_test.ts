import assert from "node:assert/strict";
import { lockDataDirectory } from "storage/data_directory.ts";
import { openStorage } from "storage/open.ts";
import { openSqlite } from "storage/sqlite.ts";
import { AppenderProcess, assertKept, randomInteger } from "./appender_process.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "barrage-data-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("[D35] [D127] sqlite: what was acknowledged outlives a killed process, flushed or not", async () => {
  await withDirectory(async (dataDir) => {
    const path = `${dataDir}/room.db`;
    const appender = new AppenderProcess("sqlite", path, dataDir);
    await appender.acknowledged(randomInteger(50, 800));
    appender.kill();
    const acked = await appender.end();
    await using storage = await openStorage({ database: { kind: "sqlite", path }, dataDir });
    await assertKept(storage, acked);
  });
});

Deno.test("[D36] a data directory in use is refused with a sentence, and free once its process is killed", async () => {
  await withDirectory(async (dataDir) => {
    const database = { kind: "sqlite", path: `${dataDir}/room.db` } as const;
    const appender = new AppenderProcess("sqlite", database.path, dataDir);
    await appender.acknowledged(1);
    await assert.rejects(openStorage({ database, dataDir }), {
      message: `Cannot open the data directory ${dataDir}: another process is using it`,
    });
    appender.kill();
    await appender.end();
    await using storage = await openStorage({ database, dataDir });
    await storage.ping();
  });
});

Deno.test("[D36] a data directory is free again when its holder is disposed, and made if need be", async () => {
  await withDirectory(async (parent) => {
    const directory = `${parent}/some/where`;
    {
      await using _held = await lockDataDirectory(directory);
      await assert.rejects(lockDataDirectory(directory), /another process is using it$/);
    }
    await using again = await lockDataDirectory(directory);
    assert(again);
  });
});

Deno.test("[D37] a database file in use is refused whatever the data directory, and free when it is closed", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/room.db`;
    const database = { kind: "sqlite", path } as const;
    const first = await openStorage({ database, dataDir: `${directory}/a` });
    await assert.rejects(openStorage({ database, dataDir: `${directory}/b` }), {
      message: `Cannot open the database ${path}: another process is using it`,
    });
    await first[Symbol.asyncDispose]();
    await using storage = await openStorage({ database, dataDir: `${directory}/b` });
    await storage.ping();
  });
});

Deno.test("[D46] sqlite: a file that cannot be opened leaves nothing locked", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/room.db`;
    await Deno.writeTextFile(path, "this is no database, ".repeat(100));
    await assert.rejects(openSqlite({ path }));
    await Deno.remove(path);
    await using storage = await openSqlite({ path });
    await storage.ping();
  });
});
