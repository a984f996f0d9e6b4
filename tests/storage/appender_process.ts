import assert from "node:assert/strict";
import type { Storage } from "storage/storage.ts";
import { roomId, says } from "./contract/records.ts";

// What the server itself is started with.
const PERMISSIONS = ["--allow-env", "--allow-net", "--allow-sys=hostname", "--allow-read"];

/** Another process that appends and reports what was acknowledged, until it is killed or loses its database. */
export class AppenderProcess {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #acked = new Map<number, number>();
  #rest = "";

  constructor(kind: "sqlite" | "postgres", place: string, dataDir: string) {
    const script = new URL("./appender.ts", import.meta.url).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...PERMISSIONS, `--allow-write=${dataDir}`, script, kind, place, dataDir],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Returns when `count` writes have been acknowledged. */
  async acknowledged(count: number): Promise<void> {
    for (let seen = 0; seen < count;) {
      const lines = await this.#read();
      assert(lines !== undefined, "the appender ended before it was killed");
      seen += lines;
    }
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Waits for its end; returns the last acknowledged offset per room. */
  async end(): Promise<ReadonlyMap<number, number>> {
    while (await this.#read() !== undefined);
    await this.#process.status;
    return this.#acked;
  }

  async #read(): Promise<number | undefined> {
    const { value, done } = await this.#lines.read();
    if (done) return undefined;
    const lines = (this.#rest + value).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const [n = 0, offset = 0] = line.split(" ").map(Number);
      this.#acked.set(n, offset);
    }
    return lines.length;
  }
}

/** Everything acknowledged is there, in order and without holes; at most one unit more per room. */
export async function assertKept(storage: Storage, acked: ReadonlyMap<number, number>): Promise<void> {
  assert(acked.size > 0, "nothing was acknowledged");
  for (const [n, head] of acked) {
    const kept = [];
    for (let after = 0;;) {
      const page = await storage.rooms.itemsAfter(roomId(n), after, 1_000);
      kept.push(...page);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.item.offset;
    }
    assert(
      kept.length >= head && kept.length <= head + 4,
      `room ${n}: acknowledged ${head}, kept ${kept.length}`,
    );
    assert.deepEqual(kept, says(1, kept.length));
  }
}

export function randomInteger(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from + 1));
}
