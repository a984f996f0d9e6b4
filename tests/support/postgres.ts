// @ts-types="@types/pg"
import pg from "pg";

export interface PostgresOptions {
  /** Needed where the server is killed; slower. @default {false} */
  readonly fsync?: boolean;
}

/** Starts a server of its own on a free port, in a temporary directory that goes with it. */
export async function startPostgres({ fsync = false }: PostgresOptions = {}): Promise<PostgresServer> {
  const account = await serverAccount();
  const binaries = await findBinaries();
  const directory = await Deno.makeTempDir({ prefix: "barrage-postgres-" });
  if (account.uid !== undefined) await Deno.chown(directory, account.uid, account.gid ?? null);
  const init = await new Deno.Command(`${binaries}/initdb`, {
    args: [
      "--pgdata",
      directory,
      "--username=barrage",
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ],
    ...account,
    cwd: directory,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!init.success) {
    throw new Error(`Cannot create a database cluster: ${new TextDecoder().decode(init.stderr)}`);
  }
  const server = new PostgresServer(`${binaries}/postgres`, directory, account, fsync);
  await server.start();
  return server;
}

type State =
  | { readonly kind: "stopped" }
  | { readonly kind: "running"; readonly process: Deno.ChildProcess; readonly log: ServerLog };

export class PostgresServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #binary: string;
  readonly #directory: string;
  readonly #account: Account;
  readonly #fsync: boolean;
  #state: State = { kind: "stopped" };
  #databases = 0;

  constructor(binary: string, directory: string, account: Account, fsync: boolean) {
    this.#binary = binary;
    this.#directory = directory;
    this.#account = account;
    this.#fsync = fsync;
  }

  url(database = "postgres"): string {
    return `postgres://barrage@127.0.0.1:${this.port}/${database}`;
  }

  /** Creates an empty database and returns its URL. */
  async createDatabase(): Promise<string> {
    const name = `test_${++this.#databases}`;
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  async start(): Promise<void> {
    // After a kill the last of the old processes may still hold the shared memory for a moment.
    for (let attempt = 1;; attempt++) {
      const process = new Deno.Command(this.#binary, {
        args: ["-D", this.#directory, "-p", `${this.port}`, "-k", this.#directory, ...this.#settings()],
        ...this.#account,
        cwd: this.#directory,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const log = new ServerLog(process.stderr);
      if (await log.ready) {
        this.#state = { kind: "running", process, log };
        return;
      }
      await process.status;
      if (attempt === 20) throw new Error(`Cannot start the database server: ${log.tail}`);
    }
  }

  /** SIGKILL to the server and every process it started. */
  async kill(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    const { process } = this.#state;
    const workers = await children(process.pid);
    for (const pid of [process.pid, ...workers]) killIfAlive(pid);
    await this.#stopped();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.kind === "running") {
      this.#state.process.kill("SIGQUIT");
      await this.#stopped();
    }
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #stopped(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    const { process, log } = this.#state;
    await process.status;
    await log.ended;
    this.#state = { kind: "stopped" };
  }

  #settings(): string[] {
    const onOff = this.#fsync ? "on" : "off";
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

/** Reads what the server says, to its end; keeps the last lines. */
class ServerLog {
  /** False when the server ended before it accepted connections. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<void>;
  tail = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    this.ended = this.#read(stream, resolve);
  }

  async #read(stream: ReadableStream<Uint8Array>, resolve: (ready: boolean) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.tail = (this.tail + text).slice(-4_000);
      if (this.tail.includes("database system is ready to accept connections")) resolve(true);
    }
    resolve(false);
  }
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** The server refuses to run as root; root lends it another account. */
async function serverAccount(): Promise<Account> {
  if (Deno.uid() !== 0) return {};
  const accounts = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const found = accounts.find(([name]) => name === wanted);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error("Cannot start a database server as root: there is no account postgres or nobody");
}

async function findBinaries(): Promise<string> {
  const candidates: string[] = [];
  try {
    const versions = (await Array.fromAsync(Deno.readDir("/usr/lib/postgresql"))).map(({ name }) => name);
    versions.sort((a, b) => Number(b) - Number(a));
    candidates.push(...versions.map((version) => `/usr/lib/postgresql/${version}/bin`));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  candidates.push(...(Deno.env.get("PATH") ?? "").split(":"));
  for (const directory of candidates) {
    if (await exists(`${directory}/initdb`) && await exists(`${directory}/postgres`)) return directory;
  }
  throw new Error(
    "Cannot find initdb and postgres in PATH or /usr/lib/postgresql: install the package postgresql",
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
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

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
