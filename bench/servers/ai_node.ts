import type { UpstreamProcess } from "tests/support/upstream/process.ts";
import {
  addModel,
  ASKING_ENV,
  type Door,
  guestDoors,
  type ModelLoad,
  operatorKeyIn,
} from "../load/ai_models.ts";
import { makeDataDir, startBarrage } from "./contenders.ts";
import type { Server } from "./server.ts";

/** An embedded node as `deno task start` runs it, that has the simulator's keys for one model. */
export class AiNode implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server, readonly upstream: Door) {
    this.#server = server;
  }

  static async start(upstream: UpstreamProcess, load: ModelLoad): Promise<AiNode> {
    const dataDir = await makeDataDir();
    const server = await startBarrage(dataDir, ASKING_ENV);
    try {
      const operatorKey = await operatorKeyIn(dataDir);
      return new AiNode(server, await addModel(server.origin, operatorKey, upstream, load));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One for each of so many guests. */
  doors(guests: number): Promise<Door[]> {
    return guestDoors(this.#server.origin, guests);
  }

  cpuSeconds(): Promise<number> {
    return this.#server.cpuSeconds();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
