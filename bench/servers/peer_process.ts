import { ROOT } from "../places.ts";
import type { PeerAnswers, PeerCommand } from "../micro/peer_commands.ts";
import { Child } from "./child.ts";

/** A process that calls another one, seen from the one that directs it. One command at a time. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: Child;

  /** @param args Of the program in bench/micro. */
  constructor(program: string, args: readonly string[]) {
    this.#child = new Child({
      command: Deno.execPath(),
      args: ["run", "-A", `${ROOT}/bench/micro/${program}`, ...args],
      cwd: ROOT,
    });
  }

  async do<C extends PeerCommand>(command: C): Promise<PeerAnswers[C["do"]]> {
    await this.#child.tell(JSON.stringify(command));
    return JSON.parse(await this.#child.hear());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
