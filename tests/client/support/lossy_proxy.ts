/** Passes requests on to a server, and keeps back or loses the answers that it is told to. */
export class LossyProxy implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #toLose = 0;
  #held: { readonly answered: () => void; readonly released: Promise<void> } | undefined;
  /** Paths of the requests, the first first. */
  readonly asked: string[] = [];
  /** Answers that got lost. */
  lost = 0;

  constructor(target: string) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      this.asked.push(pathname);
      const response = await fetch(new URL(pathname, target), {
        method: request.method,
        headers: request.headers,
        body: await request.text(),
      });
      await this.#keepBack();
      if (this.#toLose === 0) return response;
      this.#toLose--;
      this.lost++;
      await response.body?.cancel();
      return new Response(null, { status: 502 });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  lose(answers: number): void {
    this.#toLose = answers;
  }

  /** Keeps the next answer back, once the server has given it, until it is released. */
  holdNext(): { readonly answered: Promise<void>; readonly release: () => void } {
    const answered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#held = { answered: answered.resolve, released: released.promise };
    return { answered: answered.promise, release: released.resolve };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }

  async #keepBack(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.answered();
    await held?.released;
  }
}
