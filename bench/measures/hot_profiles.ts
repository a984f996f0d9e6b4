import { startPostgres } from "../../ops/servers/postgres.ts";
import { credentials, register } from "../load/accounts.ts";
import { runMicro } from "../micro/run.ts";
import { ROOT } from "../places.ts";
import { heapFlags, makeDataDir, startBarrage } from "../servers/contenders.ts";
import { Server } from "../servers/server.ts";

/** One process asks too slowly to find out what a server can do. */
const ASKERS = 2;
export const IN_FLIGHT = 32;

/** One window of requests for one address. */
export interface Gets {
  readonly perSecond: number;
  /** Of the server, for each request. */
  readonly cpuUs: number;
}

export interface HotProfiles {
  readonly profile: Gets;
  readonly bare: Gets;
}

/** Asks a node on Postgres for one profile, and a bare route for as many bytes, one window after the other. */
export async function measureHotProfiles(seconds: number): Promise<HotProfiles> {
  await using postgres = await startPostgres();
  await using node = await startBarrage(await makeDataDir(), {
    DATABASE_URL: await postgres.createDatabase(),
  });
  await using bare = await Server.start({
    command: Deno.execPath(),
    args: ["run", ...await heapFlags(), "--allow-net", `${ROOT}/bench/micro/bare_hono.ts`],
    cwd: ROOT,
  });
  const user = await addUser(node.origin);
  const profile = () => gets(node, `/v1/users/${user}`, seconds);
  const plain = () => gets(bare, "/v1/users/01JD3Y4B6V0000000000000000", seconds);
  await profile();
  await plain();
  return { profile: await profile(), bare: await plain() };
}

async function gets(server: Server, path: string, seconds: number): Promise<Gets> {
  const before = await server.cpuSeconds();
  const made = await Promise.all(
    Array.from({ length: ASKERS }, () =>
      runMicro<{ answered: number; seconds: number }>("gets.ts", [
        ...[server.origin + path, seconds, IN_FLIGHT / ASKERS],
      ])),
  );
  const cpu = await server.cpuSeconds() - before;
  const answered = made.reduce((sum, { answered }) => sum + answered, 0);
  const perSecond = made.reduce((sum, { answered, seconds }) => sum + answered / seconds, 0);
  return { perSecond, cpuUs: cpu / answered * 1_000_000 };
}

async function addUser(origin: string): Promise<string> {
  const who = credentials(0);
  await register(origin, who);
  const response = await fetch(`${origin}/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...who, transport: "body" }),
  });
  if (!response.ok) throw new Error(`Cannot sign in: ${await response.text()}`);
  return (await response.json()).user.id;
}
