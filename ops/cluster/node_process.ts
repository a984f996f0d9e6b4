import { fileURLToPath } from "node:url";
import { pathFlags } from "../paths.ts";
import { Program } from "../servers/program.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const LISTENING = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m;
/** Those of `deno task start`. */
const FLAGS = ["--no-prompt", "--v8-flags=--max-semi-space-size=4", "--allow-env", "--allow-net"];
/** Longer than the node's own SHUTDOWN_MS and the grace it adds. */
const STOP_MS = 15_000;

export interface NodeOptions {
  readonly name: string;
  readonly folder: string;
  readonly logFile: string;
  /** Where its servers are, and how it differs from what this process's environment says. */
  readonly env: Readonly<Record<string, string>>;
}

/** A node as `deno task start` runs it, on a free port that it keeps over restarts. */
export class NodeProcess {
  readonly name: string;
  readonly #options: NodeOptions;
  #program: Program | undefined;
  #port = 0;

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Its DATA_DIR. */
  get folder(): string {
    return this.#options.folder;
  }

  /** Of the last start. */
  get program(): Program | undefined {
    return this.#program;
  }

  /**
   * Resolves when it listens.
   * @throws {Error} when it ends first; the message holds what it said.
   */
  async start(): Promise<void> {
    const { name, folder, logFile, env } = this.#options;
    const program = await Program.start({
      command: Deno.execPath(),
      args: ["run", ...FLAGS, ...pathFlags(folder), "main.ts"],
      cwd: PROJECT,
      env: {
        ...env,
        HOST: "127.0.0.1",
        PORT: `${this.#port}`,
        DATA_DIR: folder,
        NODE_ID: name,
        LOG: "json",
        NO_COLOR: "1",
      },
      logFile,
      detached: true,
    });
    this.#program = program;
    this.#port = Number((await program.output.until(LISTENING))[1]);
  }

  /** Lets it hand over what it owns and finish what waits. */
  async stop(): Promise<void> {
    await this.#program?.stop("SIGTERM", STOP_MS);
  }
}
