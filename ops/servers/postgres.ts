// @ts-types="@types/pg"
import pg from "pg";
import { type Account, unprivilegedAccount } from "./account.ts";
import { findFolder } from "./binaries.ts";
import { Folder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { Program, type ProgramLife } from "./program.ts";

export interface PostgresOptions extends ProgramLife {
  /** Needed where the server is killed; slower. @default {false} */
  readonly fsync?: boolean;
  /** Keeps the data here, and goes on with what lies there; without it, in a temporary folder. */
  readonly folder?: string;
}

const READY = /database system is ready to accept connections/;
const STOP_MS = 10_000;

/** Starts a server of its own on a free port of this machine. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findPostgres();
  if (binaries === undefined) {
    throw new Error(
      "Cannot find initdb and postgres in PATH or /usr/lib/postgresql: install the package postgresql",
    );
  }
  await using cleanup = new AsyncDisposableStack();
  const account = await unprivilegedAccount(["postgres", "nobody"]);
  const folder = cleanup.use(await Folder.open(options.folder, "barrage-postgres-"));
  if (account.uid !== undefined) await Deno.chown(folder.path, account.uid, account.gid ?? null);
  if (!await hasCluster(folder.path)) await createCluster(binaries, folder.path, account);
  const server = new PostgresServer(binaries, folder, account, options);
  await server.start();
  cleanup.move();
  return server;
}

/** The folder with initdb and postgres: Debian keeps one for each version, out of PATH. */
export async function findPostgres(): Promise<string | undefined> {
  const versions: string[] = [];
  try {
    for await (const { name } of Deno.readDir("/usr/lib/postgresql")) versions.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  versions.sort((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => `/usr/lib/postgresql/${version}/bin`);
  return await findFolder(["initdb", "postgres"], folders);
}

type State = { readonly kind: "stopped" } | { readonly kind: "running"; readonly program: Program };

export class PostgresServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #binaries: string;
  readonly #folder: Folder;
  readonly #account: Account;
  readonly #options: PostgresOptions;
  #state: State = { kind: "stopped" };
  #databases = 0;

  constructor(binaries: string, folder: Folder, account: Account, options: PostgresOptions) {
    this.#binaries = binaries;
    this.#folder = folder;
    this.#account = account;
    this.#options = options;
  }

  url(database = "postgres"): string {
    return `postgres://barrage@127.0.0.1:${this.port}/${database}`;
  }

  get program(): Program {
    if (this.#state.kind !== "running") throw new Error("The database server is not running");
    return this.#state.program;
  }

  /** Creates a database with all that another one holds, to which nobody may be connected, and returns its URL. */
  async copyDatabase(template: string): Promise<string> {
    const name = `copy_${++this.#databases}`;
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  /** Creates a database unless there is one of this name, and returns its URL. */
  async createDatabase(name = `test_${++this.#databases}`): Promise<string> {
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      const known = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
      if (known.rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  async start(): Promise<void> {
    const { path } = this.#folder;
    // After a kill the last of the old processes may still hold the shared memory for a moment.
    for (let attempt = 1;; attempt++) {
      const program = await Program.start({
        ...this.#options,
        command: `${this.#binaries}/postgres`,
        args: ["-D", path, "-p", `${this.port}`, "-k", "", ...this.#settings()],
        cwd: path,
        account: this.#account,
      });
      try {
        await program.output.until(READY);
        this.#state = { kind: "running", program };
        return;
      } catch (cause) {
        await program.ended;
        if (attempt === 20) throw new Error("Cannot start the database server", { cause });
      }
    }
  }

  /** SIGKILL to the server and every process it started. */
  async kill(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    const { program } = this.#state;
    const workers = await children(program.pid);
    for (const pid of [program.pid, ...workers]) killIfAlive(pid);
    await program.ended;
    this.#state = { kind: "stopped" };
  }

  /** Ends all connections and writes everything out. */
  async stop(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    await this.#state.program.stop("SIGINT", STOP_MS);
    this.#state = { kind: "stopped" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#folder[Symbol.asyncDispose]();
  }

  #settings(): string[] {
    const onOff = this.#options.fsync === true ? "on" : "off";
    const settings = {
      listen_addresses: "127.0.0.1",
      fsync: onOff,
      synchronous_commit: onOff,
      full_page_writes: onOff,
      max_connections: "100",
    };
    return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }
}

async function hasCluster(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) if (name === "PG_VERSION") return true;
  return false;
}

async function createCluster(binaries: string, folder: string, account: Account): Promise<void> {
  const init = await new Deno.Command(`${binaries}/initdb`, {
    args: [
      "--pgdata",
      folder,
      "--username=barrage",
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ],
    ...account,
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output().catch((cause) => {
    throw new Error(`Cannot run a database in ${folder}: its account may not enter the folder`, { cause });
  });
  if (!init.success) {
    throw new Error(`Cannot create a database cluster: ${new TextDecoder().decode(init.stderr).trim()}`);
  }
}

async function children(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((word) => word !== "").map(Number);
}

function killIfAlive(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
