import { startNats } from "tests/support/nats.ts";
import { NatsOperator } from "tests/support/nats_operator.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";

/** Three nodes on real servers, and an operator beside them. */
export async function startThree(settings: ServerEnv = {}) {
  await using started = new AsyncDisposableStack();
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  started.use(nats);
  started.use(postgres);
  const databaseUrl = await postgres.createDatabase();
  const env = {
    NATS_URL: nats.url,
    DATABASE_URL: databaseUrl,
    GUESTS: "on",
    LEASE_TTL_MS: 3_000,
    LEASE_RENEW_MS: 300,
    SETTLE_MS: 500,
    ...settings,
  };
  const servers: Server[] = [];
  for (const id of ["a", "b", "c"]) servers.push(started.use(await startServer({ ...env, NODE_ID: id })));
  await Promise.all(servers.map((server) => server.metricIs("barrage_shards", (shards) => shards > 0)));
  const operator = started.use(await NatsOperator.connect(nats.url));
  const owned = started.move();
  return { servers, nats, operator, databaseUrl, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}
