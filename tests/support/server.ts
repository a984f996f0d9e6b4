import { fileURLToPath } from "node:url";
import { CONFIG_TABLE } from "config";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const READY = /^listening on http:\/\/\S+:(\d+)\n/m;
const BEGINNING_MAX = 10_000;
const METRIC_MS = 10_000;
const ERROR_OUTPUT_MAX = 1_000_000;

/** Enough for any test that is not about these limits. */
const GENEROUS: ServerEnv = {
  GUESTS_PER_MINUTE: 10_000,
  ROOMS_PER_MINUTE: 10_000,
  ACCOUNTS_PER_MINUTE: 10_000,
  LOGINS_PER_MINUTE: 10_000,
};

/** Variables of the server, by name; all others have their defaults, whatever the tests' own environment says. */
export type ServerEnv = Readonly<Record<string, string | number>>;

interface Running {
  readonly process: Deno.ChildProcess;
  readonly output: Promise<unknown>;
}

/** Starts the real server on a free port and a temporary data directory. */
export async function startServer(env: ServerEnv = {}, flags: readonly string[] = []): Promise<Server> {
  const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
  const server = new Server({ ...GENEROUS, ...env }, dataDir, flags);
  await server.start();
  return server;
}

/** A node of its own process; it can be killed and started again where it was. */
export class Server implements AsyncDisposable {
  readonly dataDir: string;
  /** Of `deno run`. */
  readonly #flags: readonly string[];
  #env: ServerEnv;
  #running: Running | undefined;
  #port = 0;
  #errorOutput = "";

  constructor(env: ServerEnv, dataDir: string, flags: readonly string[] = []) {
    this.#env = env;
    this.dataDir = dataDir;
    this.#flags = flags;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/ws`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What was written to standard error since the first start. */
  get errorOutput(): string {
    return this.#errorOutput;
  }

  /** Resolves at the end of the process. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#running?.output;
    return status;
  }

  /** Waits until the log says so: a pipe may be behind the answers. */
  async logged(pattern: RegExp): Promise<RegExpExecArray> {
    const until = performance.now() + METRIC_MS;
    for (;;) {
      const found = pattern.exec(this.#errorOutput);
      if (found !== null) return found;
      if (performance.now() > until) {
        throw new Error(`Cannot find ${pattern} in the log: ${this.#errorOutput}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async kill(signal: Deno.Signal): Promise<Deno.CommandStatus> {
    this.signal(signal);
    return await this.ended();
  }

  /** Starts again on the same port and data. */
  async restart(env: ServerEnv = {}): Promise<void> {
    this.#env = { ...this.#env, ...env };
    await this.start();
  }

  /** One number of /metrics, as `barrage_viewers` or `barrage_drops_total{place="frame",reason="duplicate"}`; else 0. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split("\n").find((line) => line.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** Waits until the number is as wanted, or satisfies the condition. */
  async metricIs(name: string, wanted: number | ((value: number) => boolean)): Promise<void> {
    const good = typeof wanted === "number" ? (value: number) => value === wanted : wanted;
    const until = performance.now() + METRIC_MS;
    for (;;) {
      const value = await this.metric(name);
      if (good(value)) return;
      if (performance.now() > until) throw new Error(`Cannot see ${name} as wanted: it stays at ${value}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.ended();
    await Deno.remove(this.dataDir, { recursive: true });
  }

  async start(): Promise<void> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", ...this.#flags, MAIN],
      env: this.#environment(),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { promise, resolve } = Promise.withResolvers<number>();
    const output = Promise.all([
      readText(process.stdout, (_, all) => {
        const port = READY.exec(all)?.[1];
        if (port !== undefined) resolve(Number(port));
      }),
      readText(process.stderr, (text) => {
        this.#errorOutput = (this.#errorOutput + text).slice(-ERROR_OUTPUT_MAX);
      }),
    ]);
    this.#running = { process, output };
    const failed = output.then(() => {
      throw new Error(`Cannot start the server: ${this.#errorOutput}`);
    });
    // Later on its end is no failure.
    failed.catch(() => {});
    this.#port = await Promise.race([promise, failed]);
  }

  get #process(): Deno.ChildProcess {
    if (this.#running === undefined) throw new Error("Cannot use the server: it was never started");
    return this.#running.process;
  }

  #environment(): Record<string, string> {
    // Empty counts as unset.
    const cleared = CONFIG_TABLE.map(({ variable }) => [variable, ""] as const);
    const given = Object.entries(this.#env).map(([name, value]) => [name, String(value)] as const);
    return {
      ...Object.fromEntries(cleared),
      LOG: "json",
      ...Object.fromEntries(given),
      HOST: "127.0.0.1",
      PORT: String(this.#port),
      DATA_DIR: this.dataDir,
      NO_COLOR: "1",
    };
  }
}

/** Reads to the end: an output that nobody reads stops the process once the pipe is full. */
async function readText(
  stream: ReadableStream<Uint8Array>,
  take: (text: string, begun: string) => void,
): Promise<void> {
  let begun = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    if (begun.length < BEGINNING_MAX) begun += text;
    take(text, begun);
  }
}
