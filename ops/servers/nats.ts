import { findFolder } from "./binaries.ts";
import { Folder } from "./folder.ts";
import { Program, type ProgramLife } from "./program.ts";

export interface NatsServerOptions extends ProgramLife {
  /** Lines of the server's configuration file. */
  readonly config?: readonly string[];
  /** Keeps its files here; without it, in a temporary folder. */
  readonly folder?: string;
}

/** What the server says of one of its connections. */
export interface ConnectionFacts {
  readonly name: string;
  readonly subscriptions: readonly string[];
}

const STOP_MS = 5_000;

/** Starts a server of its own on a free port of this machine. */
export async function startNats(options: NatsServerOptions = {}): Promise<NatsServerProcess> {
  const binary = await findNats();
  if (binary === undefined) {
    throw new Error("Cannot find nats-server in PATH or /usr/sbin: install the package nats-server");
  }
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await Folder.open(options.folder, "barrage-nats-"));
  const server = new NatsServerProcess(binary, folder, options);
  await server.start();
  cleanup.move();
  return server;
}

/** Debian has it where only administrators look. */
export async function findNats(): Promise<string | undefined> {
  const folder = await findFolder(["nats-server"], ["/usr/sbin", "/usr/local/bin"]);
  return folder === undefined ? undefined : `${folder}/nats-server`;
}

type State = { readonly kind: "stopped" } | { readonly kind: "running"; readonly program: Program };

export class NatsServerProcess implements AsyncDisposable {
  readonly #binary: string;
  readonly #folder: Folder;
  readonly #options: NatsServerOptions;
  #state: State = { kind: "stopped" };
  #port = -1;

  constructor(binary: string, folder: Folder, options: NatsServerOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get program(): Program {
    if (this.#state.kind !== "running") throw new Error("The message server is not running");
    return this.#state.program;
  }

  async routePort(): Promise<number> {
    return Number((await this.says(/route connections on 127\.0\.0\.1:(\d+)/))[1]);
  }

  /** Again on the same port, after the first time. */
  async start(): Promise<void> {
    const path = `${this.#folder.path}/server.conf`;
    const config = this.#options.config ?? [];
    const lines = [`listen: "127.0.0.1:${this.#port}"`, `http: "127.0.0.1:-1"`, ...config];
    await Deno.writeTextFile(path, lines.join("\n"));
    const program = await Program.start({
      ...this.#options,
      command: this.#binary,
      args: ["--config", path],
      cwd: this.#folder.path,
    });
    this.#state = { kind: "running", program };
    this.#port = Number((await this.says(/client connections on 127\.0\.0\.1:(\d+)/))[1]);
    await this.says(/Server is ready/);
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

  /** Resolves when the server has said it, since its last start. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.program.output.until(pattern);
  }

  /** Resolves when the server has routes to `count` others. */
  async routed(count: number): Promise<void> {
    await this.says(new RegExp(`(?:Route connection created[^]*?){${count}}`));
  }

  async connections(): Promise<ConnectionFacts[]> {
    const [, port] = await this.says(/http monitor on 127\.0\.0\.1:(\d+)/);
    const response = await fetch(`http://127.0.0.1:${port}/connz?subs=1`);
    const { connections } = await response.json();
    return connections.map((connection: { name?: string; subscriptions_list?: string[] }) => ({
      name: connection.name ?? "",
      subscriptions: connection.subscriptions_list ?? [],
    }));
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
