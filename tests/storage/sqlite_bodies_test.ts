import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "storage/sqlite.ts";
import { testAiBodies } from "./contract/ai_bodies.ts";
import { type Reopened, SAID, testBodies } from "./contract/bodies.ts";

async function prepare(): Promise<Reopened> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/bodies.db`;
  return {
    open: (bodies) => openSqlite({ path, bodies }),
    bodies(query = SAID) {
      const database = new DatabaseSync(path, { readOnly: true });
      const rows = database.prepare(query).all();
      database.close();
      return Promise.resolve(rows.map(({ body }) => String(body)));
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

testBodies("sqlite", prepare);
testAiBodies("sqlite", prepare);
