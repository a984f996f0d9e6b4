export type StormRequest =
  | {
    readonly kind: "gather";
    readonly url: string;
    readonly rooms: readonly string[];
    readonly size: number;
  }
  | { readonly kind: "away" }
  | { readonly kind: "back"; readonly patienceMs: number };

export type StormReply = { readonly ms: number } | { readonly error: string };

/**
 * Many quiet viewers; what matters is when all are in their rooms. They live in a thread of their own: in one with the
 * crowd and the balancer, the suite itself would be what keeps everybody waiting.
 */
export class Storm implements Disposable {
  readonly #worker = new Worker(import.meta.resolve("./storm_worker.ts"), { type: "module" });

  private constructor() {}

  static async gather(url: string, rooms: readonly string[], size: number): Promise<Storm> {
    using stack = new DisposableStack();
    const storm = stack.use(new Storm());
    await storm.#ask({ kind: "gather", url, rooms, size });
    stack.move();
    return storm;
  }

  async untilAway(): Promise<void> {
    await this.#ask({ kind: "away" });
  }

  /** Resolves with the milliseconds it took. */
  untilBack(patienceMs: number): Promise<number> {
    return this.#ask({ kind: "back", patienceMs });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  async #ask(request: StormRequest): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<StormReply>();
    this.#worker.onmessage = ({ data }: MessageEvent<StormReply>) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    this.#worker.postMessage(request);
    const reply = await promise;
    if ("error" in reply) throw new Error(reply.error);
    return reply.ms;
  }
}
