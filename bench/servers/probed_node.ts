import { ROOT } from "../places.ts";
import { Child } from "./child.ts";
import { barrageCommand } from "./contenders.ts";
import { untilListening } from "./server.ts";

/** An embedded node as `deno task start` runs it, with a probe of its event loop in the same process. */
export class ProbedNode implements AsyncDisposable {
  readonly origin: string;
  readonly #child: Child;

  private constructor(child: Child, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  static async start(dataDir: string): Promise<ProbedNode> {
    const child = new Child(await barrageCommand(dataDir, [`--preload=${ROOT}/bench/servers/loop_probe.ts`]));
    try {
      return new ProbedNode(child, await untilListening(child));
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How late each timer of the probe was since the last call, in ms. */
  async lags(): Promise<number[]> {
    await this.#child.tell("");
    return JSON.parse(await this.#child.hear());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
