import type { DialectName } from "../load/dialects/mod.ts";
import { Child, type ChildOptions } from "./child.ts";
import { cpuSeconds, residentBytes } from "./process_stat.ts";

const STOP_MAX_MS = 15_000;
const LISTENING = /listening on (http:\/\/\S+)/;

/** A server under measurement: one process of its own, killed on disposal. */
export class Server implements AsyncDisposable {
  readonly origin: string;
  readonly #child: Child;

  private constructor(child: Child, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  /** Resolves when the process has printed `listening on http://HOST:PORT`. */
  static async start(options: ChildOptions): Promise<Server> {
    const child = new Child(options);
    try {
      const origin = await untilListening(child);
      child.ignoreTheRest();
      return new Server(child, origin);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  cpuSeconds(): Promise<number> {
    return cpuSeconds(this.#child.pid);
  }

  residentBytes(): Promise<number> {
    return residentBytes(this.#child.pid);
  }

  /** Stops it in good order, as an operator would. Throws when it does not end by itself. */
  async stop(): Promise<void> {
    if (!await this.#child.stop(STOP_MAX_MS)) throw new Error("Cannot stop the server in good order");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** Where it listens, once it has said so. */
export async function untilListening(child: Child): Promise<string> {
  while (true) {
    const origin = LISTENING.exec(await child.hear())?.[1];
    if (origin !== undefined) return origin;
  }
}

/** Something that can be measured: how to start it, and how to speak to it. */
export interface Contender {
  readonly name: string;
  readonly dialect: DialectName;
  start(): Promise<Server>;
  /** Makes a room and returns its id. */
  openRoom(origin: string): Promise<string>;
}
