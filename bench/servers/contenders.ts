import { takeGuestToken } from "../load/dialects/barrage.ts";
import { OUT, ROOT } from "../places.ts";
import type { ChildOptions } from "./child.ts";
import type { PeerRuntime } from "./peers.ts";
import { type Contender, Server } from "./server.ts";

const NO_ROOM = "room";
const DATA = `data-${Deno.pid}-`;

/** Limits that exist to stop a crowd from one address, which is what a benchmark is. */
export const CROWD_ENV = {
  GUESTS: "on",
  GUESTS_PER_MINUTE: "1000000",
  ROOMS_PER_MINUTE: "1000000",
  ACCOUNTS_PER_MINUTE: "1000000",
  LOGINS_PER_MINUTE: "1000000",
  LOGIN_ATTEMPTS: "1000",
};
const BARRAGE_ENV = { HOST: "127.0.0.1", PORT: "0", LOG: "json", ...CROWD_ENV };

/** One embedded node as `deno task start` runs it, in a fresh data directory. */
export function barrage(): Contender {
  return {
    name: "Barrage",
    dialect: "barrage",
    async start() {
      return await startBarrage(await makeDataDir());
    },
    openRoom,
  };
}

/** In Barrage; returns its id. */
export async function openRoom(origin: string): Promise<string> {
  const { token } = await takeGuestToken(origin);
  const response = await fetch(`${origin}/v1/rooms`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ title: "The benchmark" }),
  });
  if (response.status !== 201) throw new Error(`Cannot open a room: ${await response.text()}`);
  return (await response.json()).id;
}

/** An empty folder; `removeDataDirs` takes it away. */
export async function makeDataDir(): Promise<string> {
  await Deno.mkdir(OUT, { recursive: true });
  return await Deno.makeTempDir({ dir: OUT, prefix: DATA });
}

export async function removeDataDirs(): Promise<void> {
  await Deno.mkdir(OUT, { recursive: true });
  for await (const { name } of Deno.readDir(OUT)) {
    if (name.startsWith(DATA)) await Deno.remove(`${OUT}/${name}`, { recursive: true });
  }
}

/** @param env Beside what every crowd needs. */
export async function startBarrage(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const command = await barrageCommand(dataDir);
  return await Server.start({ ...command, env: { ...command.env, ...env } });
}

/** @param flags For Deno, beside those of `deno task start`. */
export async function barrageCommand(dataDir: string, flags: readonly string[] = []): Promise<ChildOptions> {
  const permissions = ["--allow-read", `--allow-write=${dataDir}`];
  return {
    command: Deno.execPath(),
    args: ["run", ...await startFlags(), ...permissions, ...flags, `${ROOT}/main.ts`],
    cwd: ROOT,
    env: { ...BARRAGE_ENV, DATA_DIR: dataDir },
  };
}

/** What `deno task start` passes to Deno, apart from the folders, which differ here. */
async function startFlags(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const command: string = tasks.start.command;
  return command.replace(/\$\(.*?\)/g, "").match(/--\S+/g) ?? [];
}

/** How `deno task start` bounds the garbage collector's young generation, which costs throughput. */
export async function heapFlags(): Promise<string[]> {
  return (await startFlags()).filter((flag) => flag.startsWith("--v8-flags="));
}

/** A bare Deno server that sends `frame` to everyone each `tickMs`. */
export function floor(frame: string, tickMs: number): Contender {
  return {
    name: "floor",
    dialect: "plain",
    start: () =>
      Server.start({
        command: Deno.execPath(),
        args: ["run", "--no-config", "--allow-net", `${ROOT}/bench/servers/floor.ts`, `${tickMs}`, frame],
      }),
    openRoom: () => Promise.resolve(NO_ROOM),
  };
}

export function ws(peers: PeerRuntime): Contender {
  return {
    name: "ws",
    dialect: "plain",
    start: () => Server.start({ ...peers, args: [...peers.args, "ws.cjs"] }),
    openRoom: () => Promise.resolve(NO_ROOM),
  };
}

export function socketIo(peers: PeerRuntime): Contender {
  return {
    name: "Socket.IO",
    dialect: "socketIo",
    start: () => Server.start({ ...peers, args: [...peers.args, "socket_io.cjs"] }),
    openRoom: () => Promise.resolve(NO_ROOM),
  };
}
