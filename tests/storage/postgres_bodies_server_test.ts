// @ts-types="@types/pg"
import pg from "pg";
import { openPostgres } from "storage/postgres.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { testBodies } from "./contract/bodies.ts";

testBodies("postgres", async () => {
  const server = await startPostgres();
  const url = await server.createDatabase();
  return {
    open: (bodies) => openPostgres({ url, bodies }),
    async bodies() {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query("SELECT body FROM conversation_message");
      await client.end();
      return rows.map(({ body }) => String(body));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
