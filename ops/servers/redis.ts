import { findFolder } from "./binaries.ts";
import { Folder } from "./folder.ts";
import { freePort } from "./ports.ts";
import { Program, type ProgramLife } from "./program.ts";

export interface RedisOptions extends ProgramLife {
  /** Keeps its files here; without it, in a temporary folder. */
  readonly folder?: string;
  /** Clients must give it. */
  readonly password?: string;
}

const STOP_MS = 5_000;

/** Starts a server of its own on a free port of this machine; it keeps everything in memory. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = await findRedis();
  if (binary === undefined) {
    throw new Error("Cannot find redis-server in PATH: install the package redis-server");
  }
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await Folder.open(options.folder, "barrage-redis-"));
  const server = new RedisServer(binary, folder, options);
  await server.start();
  cleanup.move();
  return server;
}

export async function findRedis(): Promise<string | undefined> {
  const folder = await findFolder(["redis-server"], ["/usr/bin", "/usr/local/bin"]);
  return folder === undefined ? undefined : `${folder}/redis-server`;
}

type State = { readonly kind: "stopped" } | { readonly kind: "running"; readonly program: Program };

export class RedisServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #binary: string;
  readonly #folder: Folder;
  readonly #options: RedisOptions;
  #state: State = { kind: "stopped" };

  constructor(binary: string, folder: Folder, options: RedisOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.#options = options;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get program(): Program {
    if (this.#state.kind !== "running") throw new Error("The cache server is not running");
    return this.#state.program;
  }

  /** Empty, and again on the same port. */
  async start(): Promise<void> {
    const { password } = this.#options;
    const program = await Program.start({
      ...this.#options,
      command: this.#binary,
      args: [
        ...["--bind", "127.0.0.1", "--port", `${this.port}`],
        ...["--save", "", "--appendonly", "no"],
        ...(password === undefined ? [] : ["--requirepass", password]),
      ],
      cwd: this.#folder.path,
    });
    await program.output.until(/Ready to accept connections/);
    this.#state = { kind: "running", program };
  }

  async kill(): Promise<void> {
    await this.#stop("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#stop("SIGTERM");
  }

  /** SIGSTOP: connections stay open, and nothing moves. */
  async pause(): Promise<void> {
    await this.program.pause();
  }

  /** SIGCONT. */
  resume(): void {
    this.program.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #stop(signal: Deno.Signal): Promise<void> {
    if (this.#state.kind === "stopped") return;
    await this.#state.program.stop(signal, STOP_MS);
    this.#state = { kind: "stopped" };
  }
}
