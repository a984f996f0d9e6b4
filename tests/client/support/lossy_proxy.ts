/** Passes requests on to a server, and loses as many answers as it is told to after the server has given them. */
export class LossyProxy implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #toLose = 0;
  /** Answers that got lost. */
  lost = 0;

  constructor(target: string) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      const response = await fetch(new URL(pathname, target), {
        method: request.method,
        headers: request.headers,
        body: await request.text(),
      });
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}
