import { deepEqual } from "node:assert/strict";
import { openSqlite } from "storage/sqlite.ts";

Deno.test("[D128] sqlite: new files are for the server's user only, also in a folder that others may read", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  try {
    await using _storage = await openSqlite({ path: `${folder}/rooms.db` });
    const modes: Record<string, string> = {};
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith("-lock")) continue;
      modes[name] = ((await Deno.stat(`${folder}/${name}`)).mode! & 0o777).toString(8);
    }
    deepEqual(modes, { "rooms.db": "600", "rooms.db-shm": "600", "rooms.db-wal": "600" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
