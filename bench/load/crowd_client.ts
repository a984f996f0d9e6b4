import { ROOT } from "../places.ts";
import { Child } from "../servers/child.ts";
import { cpuSeconds } from "../servers/process_stat.ts";
import type { Answers, Command } from "./commands.ts";
import type { DialectName } from "./dialects/mod.ts";

/** A crowd process, seen from the one that directs it. One command at a time. */
export class CrowdProcess implements AsyncDisposable {
  readonly #child: Child;

  constructor(dialect: DialectName, origin: string, rooms: readonly string[]) {
    this.#child = new Child({
      command: Deno.execPath(),
      args: ["run", "--allow-net", `${ROOT}/bench/load/crowd.ts`, dialect, origin, ...rooms],
      cwd: ROOT,
    });
  }

  async do<C extends Command>(command: C): Promise<Answers[C["do"]]> {
    await this.#child.tell(JSON.stringify(command));
    return JSON.parse(await this.#child.hear());
  }

  cpuSeconds(): Promise<number> {
    return cpuSeconds(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
