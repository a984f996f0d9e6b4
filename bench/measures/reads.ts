import { startPostgres } from "../../ops/servers/postgres.ts";
import { openPostgres } from "storage/postgres.ts";
import { insertUsers } from "../micro/postgres_users.ts";
import type { ReadRow } from "../micro/reads.ts";
import { runMicro } from "../micro/run.ts";
import { heapFlags } from "../servers/contenders.ts";

export interface ReadLoad {
  readonly seconds: number;
  readonly rate: number;
  readonly users: number;
}

/** In a process of its own, with the heap of a node, on a fresh database. */
export async function measureReads({ seconds, rate, users }: ReadLoad): Promise<ReadRow[]> {
  await using server = await startPostgres();
  const url = await server.createDatabase();
  {
    await using storage = await openPostgres({ url });
    await storage.ping();
  }
  await insertUsers(url, users);
  return await runMicro<ReadRow[]>("reads.ts", [url, seconds, rate, users], await heapFlags());
}
