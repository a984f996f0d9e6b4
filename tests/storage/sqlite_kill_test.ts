import assert from "node:assert/strict";
import { lockDataDirectory } from "storage/data_directory.ts";
import { openStorage } from "storage/open.ts";
import { AppenderProcess, assertKept, randomInteger } from "./appender_process.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "barrage-data-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("[D35] sqlite: what was acknowledged outlives a killed process", async () => {
  await withDirectory(async (dataDir) => {
    const appender = new AppenderProcess("sqlite:", dataDir);
    await appender.acknowledged(randomInteger(50, 800));
    appender.kill();
    const acked = await appender.end();
    await using storage = await openStorage({ databaseUrl: "sqlite:", dataDir });
    await assertKept(storage, acked);
  });
});

Deno.test("[D36] a data directory in use is refused with a sentence, and free once its process is killed", async () => {
  await withDirectory(async (dataDir) => {
    const appender = new AppenderProcess("sqlite:", dataDir);
    await appender.acknowledged(1);
    await assert.rejects(openStorage({ databaseUrl: "sqlite:", dataDir }), {
      message: `Cannot open the data directory ${dataDir}: another process is using it`,
    });
    appender.kill();
    await appender.end();
    await using storage = await openStorage({ databaseUrl: "sqlite:", dataDir });
    await storage.ping();
  });
});

Deno.test("[D36] the lock is let go when its holder is disposed, and the directory is made if need be", async () => {
  await withDirectory(async (parent) => {
    const directory = `${parent}/some/where`;
    {
      await using _held = await lockDataDirectory(directory);
      await assert.rejects(lockDataDirectory(directory), /another process is using it/);
    }
    await using again = await lockDataDirectory(directory);
    assert(again);
  });
});

Deno.test("[D37] an unknown database URL is refused without showing it", async () => {
  await assert.rejects(openStorage({ databaseUrl: "mysql://root:secret@host/db", dataDir: "unused" }), {
    message: 'Cannot open the database: DATABASE_URL must begin with sqlite: or postgres:, not "mysql:"',
  });
});
