import { Output } from "../../ops/servers/output.ts";

const STATUS = /^(\S+) +(\S+) +pid (\d+)/gm;

/** `deno task cluster` as somebody at a terminal runs it. */
export class ClusterProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #output: Output;
  readonly #typing: WritableStreamDefaultWriter<Uint8Array>;

  constructor(...args: string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["task", "cluster", ...args],
      env: { NO_COLOR: "1", GUESTS_PER_MINUTE: "1000" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = new Output([this.#process.stdout, this.#process.stderr], () => Promise.resolve());
    this.#typing = this.#process.stdin.getWriter();
  }

  get text(): string {
    return this.#output.text;
  }

  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#output.until(pattern);
  }

  async type(line: string): Promise<void> {
    await this.#typing.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Of its members, the newest process of each: name to address and process. */
  get members(): ReadonlyMap<string, { url: string; pid: number }> {
    const lines = [...this.text.matchAll(STATUS)];
    return new Map(lines.map(([, name = "", url = "", pid]) => [name, { url, pid: Number(pid) }]));
  }

  /** Every process it ever spoke of. */
  get pids(): number[] {
    return [...this.text.matchAll(STATUS)].map(([, , , pid]) => Number(pid));
  }

  /** As Ctrl-C; resolves at the end of the process. */
  async interrupt(): Promise<Deno.CommandStatus> {
    this.#process.kill("SIGINT");
    return await this.ended();
  }

  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#output.ended;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGINT");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.ended();
    await this.#typing.close().catch(() => {});
  }
}
