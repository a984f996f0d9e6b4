import { delay } from "../wait.ts";
import { TextLineStream } from "./lines.ts";

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A child process that speaks in lines. Its stdin stays open as a leash: our own programs end when it closes, so
 * nothing survives this process, however it ends. What it says on stderr is kept for the error when it fails.
 */
export class Child implements AsyncDisposable {
  static readonly #alive = new Set<Child>();
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<void>;
  #complaint = "";

  constructor({ command, args, cwd, env }: ChildOptions) {
    this.#process = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      .getReader();
    this.#errors = this.#keepComplaints();
    Child.#alive.add(this);
  }

  /** Ends every child at once; for Ctrl-C. */
  static async killAll(): Promise<void> {
    await Promise.all([...Child.#alive].map((child) => child[Symbol.asyncDispose]()));
  }

  get pid(): number {
    return this.#process.pid;
  }

  async tell(line: string): Promise<void> {
    try {
      await this.#input.write(new TextEncoder().encode(line + "\n"));
    } catch (error) {
      throw await this.#ended(error);
    }
  }

  /** The next line on stdout. Throws with the end of stderr when the process has ended, as `tell` does. */
  async hear(): Promise<string> {
    const { value, done } = await this.#lines.read();
    if (!done) return value;
    throw await this.#ended();
  }

  /** Reads on without looking, so that a chatty process is not stopped by a full pipe. */
  async ignoreTheRest(): Promise<void> {
    while (!(await this.#lines.read()).done);
  }

  /** Asks the process to end, and waits at most `graceMs`. True when it ended by itself, with code 0. */
  async stop(graceMs: number): Promise<boolean> {
    this.#process.kill("SIGTERM");
    const status = await Promise.race([this.#process.status, delay(graceMs)]);
    return status !== undefined && status.success;
  }

  async #ended(cause?: unknown): Promise<Error> {
    const { code, signal } = await this.#process.status;
    await this.#errors;
    const how = signal === null ? `code ${code}` : signal;
    const why = this.#complaint.slice(-2_000).trim() || "it said nothing";
    return new Error(`A process ended early, with ${how}: ${why}`, { cause });
  }

  async #keepComplaints(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#complaint = (this.#complaint + text).slice(-20_000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Child.#alive.delete(this);
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // Gone already: that is what was wanted.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#process.status;
    await this.#errors;
    await Promise.allSettled([this.#input.close(), this.#lines.cancel()]);
  }
}
