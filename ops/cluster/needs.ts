import { type Need, prepareMachine } from "../gate/machine.ts";
import { findNats } from "../servers/nats.ts";
import { findPostgres } from "../servers/postgres.ts";
import { findRedis } from "../servers/redis.ts";

const SERVERS = [
  { name: "PostgreSQL", debian: "postgresql", find: findPostgres },
  { name: "NATS", debian: "nats-server", find: findNats },
  { name: "Redis", debian: "redis-server", find: findRedis },
];

/** Finds the servers of a cluster, or installs them where it may; it says which. */
export async function prepareServers(): Promise<void> {
  await prepareMachine(SERVERS.map(({ name, debian, find }): Need => ({
    name,
    debian,
    present: async () => await find() !== undefined,
  })));
}
