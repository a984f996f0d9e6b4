import type { AiDone } from "protocol/ai.ts";
import type { WireError } from "protocol/errors.ts";
import { greet } from "./dialects/barrage.ts";
import { LoadSocket } from "./socket.ts";

interface Waiting {
  readonly done: PromiseWithResolvers<AiDone>;
  readonly taken: PromiseWithResolvers<void>;
}

/** Somebody who has asked several questions and reads all their answers. */
export class AiAsker implements Disposable {
  readonly #socket: LoadSocket;
  readonly #waiting = new Map<string, Waiting>();
  /** By the number of the call. */
  readonly #asking: string[] = [];

  private constructor(socket: LoadSocket) {
    this.#socket = socket;
    socket.hear((frame) => this.#hear(JSON.parse(frame)));
  }

  static async connect(origin: string, token: string): Promise<AiAsker> {
    const socket = await LoadSocket.connect(`${origin}/v1/ws`);
    await greet(socket, token);
    return new AiAsker(socket);
  }

  /**
   * Resolves when the question waits for a slot, or has one.
   * @param answer Its id, a ULID: of one user's questions the one with the least is answered first.
   */
  async ask(model: string, answer: string, text: string): Promise<{ readonly end: Promise<AiDone> }> {
    const waiting: Waiting = { done: Promise.withResolvers(), taken: Promise.withResolvers() };
    this.#waiting.set(answer, waiting);
    const id = this.#asking.push(answer);
    const params = { id: answer, model, text };
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "ai.ask", params }));
    await waiting.taken.promise;
    return { end: waiting.done.promise };
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #hear({ id, error, method, params }: {
    readonly id?: number;
    readonly error?: WireError;
    readonly method?: string;
    readonly params?: AiDone;
  }): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(this.#asking[id - 1] ?? "");
      if (error !== undefined) waiting?.taken.reject(new Error(`Cannot ask: ${error.data.reason}`));
      else waiting?.taken.resolve();
    } else if (method === "ai.done") {
      this.#waiting.get(params!.answer)?.done.resolve(params!);
    }
  }
}
