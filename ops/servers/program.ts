import type { Account } from "./account.ts";
import { Output } from "./output.ts";

/** How a server's process is to live. */
export interface ProgramLife {
  /** What it writes is added to this file. */
  readonly logFile?: string;
  /** In a process group of its own, so that a Ctrl-C meant for its parent does not reach it. @default {false} */
  readonly detached?: boolean;
}

export interface ProgramOptions extends ProgramLife {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly account?: Account;
}

/** A running process whose output is read; it must be, or it stands still once the pipe is full. */
export class Program {
  readonly output: Output;
  /** Resolves when the process is gone and all it wrote was read. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  #alive = true;

  private constructor(process: Deno.ChildProcess, log: Deno.FsFile | undefined) {
    this.#process = process;
    this.output = new Output([process.stdout, process.stderr], (bytes) => writeAll(log, bytes));
    this.ended = this.#end(log);
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const { command, args, cwd, env = {}, account = {}, logFile, detached = false } = options;
    const log = logFile === undefined ? undefined : await Deno.open(logFile, { append: true, create: true });
    try {
      const process = new Deno.Command(command, {
        args: [...args],
        cwd,
        env: { ...env },
        ...account,
        detached,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      return new Program(process, log);
    } catch (error) {
      log?.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Does nothing to a process that has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** SIGSTOP: connections stay open, and nothing moves. */
  async pause(): Promise<void> {
    this.signal("SIGSTOP");
    while (!/\) T /.test(await Deno.readTextFile(`/proc/${this.pid}/stat`)));
  }

  /** SIGCONT. */
  resume(): void {
    this.signal("SIGCONT");
  }

  /** Asks with `signal`, and kills it when it is still there after `graceMs`. */
  async stop(signal: Deno.Signal, graceMs: number): Promise<Deno.CommandStatus> {
    this.signal(signal);
    // One that was paused hears it only then.
    this.resume();
    const force = setTimeout(() => this.signal("SIGKILL"), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(force);
    }
  }

  async #end(log: Deno.FsFile | undefined): Promise<Deno.CommandStatus> {
    try {
      const status = await this.#process.status;
      this.#alive = false;
      await this.output.ended;
      return status;
    } finally {
      log?.close();
    }
  }
}

async function writeAll(file: Deno.FsFile | undefined, bytes: Uint8Array): Promise<void> {
  if (file === undefined) return;
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}
