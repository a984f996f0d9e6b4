import type { OpenCredential } from "actors/ai/provider.ts";

export interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** An upstream that answers what it is told, however odd, and keeps what it was asked. */
export class Scripted implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly answers: (() => Response)[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const text = await request.text();
      const path = new URL(request.url).pathname;
      this.received.push({ path, headers: request.headers, body: text === "" ? {} : JSON.parse(text) });
      return this.answers.shift()?.() ?? new Response(null, { status: 404 });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get credential(): OpenCredential {
    return { id: "a", provider: "openai", baseUrl: `${this.url}/v1/`, secret: { apiKey: "sk-secret-of-a" } };
  }

  /** The next answer: a stream of these events. */
  streams(...events: readonly (string | object)[]): void {
    const lines = events.map((event) =>
      typeof event === "string" ? `${event}\n\n` : `data: ${JSON.stringify(event)}\n\n`
    );
    this.answers.push(() =>
      new Response(lines.join(""), { headers: { "content-type": "text/event-stream; charset=utf-8" } })
    );
  }

  refuses(status: number, error: unknown, headers: Record<string, string> = {}): void {
    this.answers.push(() => Response.json({ error }, { status, headers }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

export function said(content: string, finish: string | null = null): object {
  return { choices: [{ index: 0, delta: { content }, finish_reason: finish }] };
}
