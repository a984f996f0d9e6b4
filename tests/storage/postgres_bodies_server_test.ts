// @ts-types="@types/pg"
import pg from "pg";
import { openPostgres } from "storage/postgres.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { testAiBodies } from "./contract/ai_bodies.ts";
import { type Reopened, SAID, testBodies } from "./contract/bodies.ts";

async function prepare(): Promise<Reopened> {
  const server = await startPostgres();
  const url = await server.createDatabase();
  return {
    open: (bodies) => openPostgres({ url, bodies }),
    async bodies(query = SAID) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query(query);
      await client.end();
      return rows.map(({ body }) => String(body));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

testBodies("postgres", prepare);
testAiBodies("postgres", prepare);
