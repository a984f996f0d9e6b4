import { openPostgres } from "storage/postgres.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { AppenderProcess, assertKept, randomInteger } from "./appender_process.ts";

Deno.test("[D35] postgres: what was acknowledged outlives a killed process", async () => {
  await using server = await startPostgres({ fsync: true });
  const url = await server.createDatabase();
  const appender = new AppenderProcess("postgres", url, "unused");
  await appender.acknowledged(randomInteger(50, 800));
  appender.kill();
  const acked = await appender.end();
  await using storage = await openPostgres({ url });
  await assertKept(storage, acked);
});

Deno.test("[D35] postgres: what was acknowledged outlives a killed database server", async () => {
  await using server = await startPostgres({ fsync: true });
  const url = await server.createDatabase();
  const appender = new AppenderProcess("postgres", url, "unused");
  await appender.acknowledged(randomInteger(50, 800));
  await server.kill();
  const acked = await appender.end();
  await server.start();
  await using storage = await openPostgres({ url });
  await assertKept(storage, acked);
});
