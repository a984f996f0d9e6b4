export interface NatsServerOptions {
  /** Lines of the server's configuration file. */
  readonly config?: readonly string[];
}

/** Starts a server of its own on a free port, in a temporary directory that goes with it. */
export async function startNats({ config = [] }: NatsServerOptions = {}): Promise<NatsServerProcess> {
  const binary = await findBinary();
  const directory = await Deno.makeTempDir({ prefix: "barrage-nats-" });
  const server = new NatsServerProcess(binary, directory, config);
  await server.start();
  return server;
}

/** Starts servers that form one cluster; resolves when each has a route to every other. */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  await using started = new AsyncDisposableStack();
  const servers: NatsServerProcess[] = [];
  for (let index = 0; index < size; index++) {
    const ports = await Promise.all(servers.map((server) => server.routePort()));
    const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
    const config = [
      `server_name: "n${index}"`,
      `cluster { name: "test", listen: "127.0.0.1:-1", no_advertise: true, routes: [${routes}] }`,
    ];
    servers.push(started.use(await startNats({ config })));
  }
  await Promise.all(servers.map((server) => server.routed(size - 1)));
  const owned = started.move();
  return { servers, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServerProcess[];
}

type State =
  | { readonly kind: "stopped" }
  | { readonly kind: "running"; readonly process: Deno.ChildProcess; readonly log: ServerLog };

/** What the server says of one of its connections. */
export interface ConnectionFacts {
  readonly name: string;
  readonly subscriptions: readonly string[];
}

export class NatsServerProcess implements AsyncDisposable {
  readonly #binary: string;
  readonly #directory: string;
  readonly #config: readonly string[];
  #state: State = { kind: "stopped" };
  #port = -1;

  constructor(binary: string, directory: string, config: readonly string[]) {
    this.#binary = binary;
    this.#directory = directory;
    this.#config = config;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async routePort(): Promise<number> {
    return Number((await this.says(/route connections on 127\.0\.0\.1:(\d+)/))[1]);
  }

  /** Again on the same port, after the first time. */
  async start(): Promise<void> {
    const path = `${this.#directory}/server.conf`;
    const lines = [`listen: "127.0.0.1:${this.#port}"`, `http: "127.0.0.1:-1"`, ...this.#config];
    await Deno.writeTextFile(path, lines.join("\n"));
    const process = new Deno.Command(this.#binary, {
      args: ["--config", path],
      cwd: this.#directory,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const log = new ServerLog(process.stderr);
    this.#state = { kind: "running", process, log };
    this.#port = Number((await this.says(/client connections on 127\.0\.0\.1:(\d+)/))[1]);
    await this.says(/Server is ready/);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    const { process, log } = this.#state;
    process.kill("SIGKILL");
    await process.status;
    await log.ended;
    this.#state = { kind: "stopped" };
  }

  /** SIGSTOP: connections stay open, and nothing moves. */
  async pause(): Promise<void> {
    const { process } = this.#running;
    process.kill("SIGSTOP");
    while (!/\) T /.test(await Deno.readTextFile(`/proc/${process.pid}/stat`)));
  }

  /** SIGCONT. */
  resume(): void {
    this.#running.process.kill("SIGCONT");
  }

  /** Resolves when the server has said it, since its last start. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#running.log.until(pattern);
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
    await Deno.remove(this.#directory, { recursive: true });
  }

  get #running(): Extract<State, { kind: "running" }> {
    if (this.#state.kind !== "running") throw new Error("The server is not running");
    return this.#state;
  }
}

/** Keeps what the server says, and lets a test wait for it. */
class ServerLog {
  readonly ended: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #ended = false;
  text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** @throws when the server ends first. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null) return found;
      if (this.#ended) throw new Error(`The server ended without saying ${pattern}: ${this.text}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.text += text;
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Debian has it where only administrators look. */
async function findBinary(): Promise<string> {
  const directories = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  for (const directory of directories) {
    try {
      if ((await Deno.stat(`${directory}/nats-server`)).isFile) return `${directory}/nats-server`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error("Cannot find nats-server in PATH or /usr/sbin: install the package nats-server");
}
