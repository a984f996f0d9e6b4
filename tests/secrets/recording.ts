import type { Trace } from "./secrets.ts";

/** Tokens are answered to whoever may have them; everything else that is answered must hold no secret. */
const GIVES_TOKENS = /^\/v1\/(guests|accounts|login|refresh|account|api-keys)$/;

/** Every request of this process while it is open: its URL, and what was answered in clear to anybody or as a failure. */
export class Recording implements Disposable {
  readonly traces: Trace[] = [];
  readonly #fetch = globalThis.fetch;

  constructor(private readonly origins: ReadonlySet<string>) {
    globalThis.fetch = (input, init) => this.#record(input, init);
  }

  [Symbol.dispose](): void {
    globalThis.fetch = this.#fetch;
  }

  async #record(input: URL | Request | string, init?: RequestInit): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const response = await this.#fetch(input, init);
    if (!this.origins.has(url.origin)) return response;
    this.traces.push({ where: `URL of ${url.pathname}`, text: url.href });
    this.traces.push({
      where: `Location from ${url.pathname}`,
      text: response.headers.get("location") ?? "",
    });
    if (response.ok && GIVES_TOKENS.test(url.pathname)) return response;
    const text = await response.clone().text();
    this.traces.push({ where: `answer ${response.status} of ${url.pathname}`, text });
    return response;
  }
}
