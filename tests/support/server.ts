import { fileURLToPath } from "node:url";
import { TextLineStream } from "./text_lines.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const READY = /listening on http:\/\/[^:]+:(\d+)/;

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** A node of its own process on a temporary data directory; it can be killed and started again where it was. */
export class TestServer implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string>>;
  readonly #dataDir: string;
  #process: Deno.ChildProcess;
  #logs: Promise<void>;
  #port: number;

  private constructor(env: Readonly<Record<string, string>>, dataDir: string, running: Running) {
    this.#env = env;
    this.#dataDir = dataDir;
    this.#process = running.process;
    this.#logs = running.logs;
    this.#port = running.port;
  }

  static async start({ env = {} }: ServerOptions = {}): Promise<TestServer> {
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
    const generous = { GUESTS_PER_MINUTE: "10000", ROOMS_PER_MINUTE: "10000", ...env };
    return new TestServer(generous, dataDir, await launch(generous, dataDir, 0));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As if the power failed: no good-bye, no flush. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#logs;
  }

  /** Starts again on the same port and data. */
  async restart(): Promise<void> {
    const running = await launch(this.#env, this.#dataDir, this.#port);
    this.#process = running.process;
    this.#logs = running.logs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#process.status;
    await this.#logs;
    await Deno.remove(this.#dataDir, { recursive: true });
  }
}

interface Running {
  readonly process: Deno.ChildProcess;
  readonly port: number;
  /** Ends when the process has closed its output. */
  readonly logs: Promise<void>;
}

async function launch(
  env: Readonly<Record<string, string>>,
  dataDir: string,
  port: number,
): Promise<Running> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", MAIN],
    env: { ...env, HOST: "127.0.0.1", PORT: String(port), DATA_DIR: dataDir, LOG: "json" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const seen: string[] = [];
  for (;;) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`The server ended before it listened:\n${seen.join("\n")}`);
    const ready = READY.exec(value);
    if (ready) return { process, port: Number(ready[1]), logs: drain(lines) };
    seen.push(value);
  }
}

/** An output that nobody reads stops the process once the pipe is full. */
async function drain(lines: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await lines.read()).done);
}
