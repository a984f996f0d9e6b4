export interface Posted {
  readonly authorization: string | null;
  readonly body: unknown;
}

/** A program to which codes are posted. */
export class Webhook implements AsyncDisposable {
  readonly posted: Posted[] = [];
  /** How it answers, one after the other; after the last with 204. `never` keeps it waiting. */
  readonly answers: ("never" | Response)[] = [];
  readonly #stopping = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: this.#stopping.signal, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/codes?key=hook-secret`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    this.posted.push({ authorization: request.headers.get("authorization"), body: await request.json() });
    const answer = this.answers.shift() ?? new Response(null, { status: 204 });
    if (answer !== "never") return answer;
    return await new Promise((resolve) => {
      request.signal.addEventListener("abort", () => resolve(new Response(null)));
    });
  }
}
