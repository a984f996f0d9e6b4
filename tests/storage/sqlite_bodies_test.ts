import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "storage/sqlite.ts";
import { testBodies } from "./contract/bodies.ts";

testBodies("sqlite", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/bodies.db`;
  return {
    open: (bodies) => openSqlite({ path, bodies }),
    bodies() {
      const database = new DatabaseSync(path, { readOnly: true });
      const rows = database.prepare("SELECT body FROM conversation_message").all();
      database.close();
      return Promise.resolve(rows.map(({ body }) => String(body)));
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});
