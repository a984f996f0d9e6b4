import { problemError } from "client/mod.ts";

const PACE_MS = 100;
/** A room is opened at every so many looks at the list. */
const OPEN_EVERY = 10;
/** The longest page there is. */
const PAGE = 100;
const PATIENCE_MS = 15_000;

interface Opened {
  readonly id: string;
  readonly at: number;
}

/**
 * Comes in over HTTP again and again: a guest token, the newest rooms, now and then a room of its own. That is what nodes
 * use the shared cache for. Every request must succeed.
 */
export class Visitor implements AsyncDisposable {
  readonly #url: string;
  /** Each request on a connection of its own, so that all nodes get their part. */
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #done: Promise<void>;
  #opened: Opened | undefined;
  #stopping = false;
  #slowestMs = 0;
  #oldestMs = 0;
  #visits = 0;

  constructor(url: string) {
    this.#url = url;
    this.#done = this.#run();
    this.#done.catch(() => {}); // told by `stop`
  }

  get visits(): number {
    return this.#visits;
  }

  /** The longest time a request took. */
  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** How long the newest room had been open, at most, when a list was asked for that did not show it. */
  get oldestMs(): number {
    return this.#oldestMs;
  }

  /** @throws what ended the visits early. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled([this.#done]);
    this.#client.close();
  }

  async #run(): Promise<void> {
    for (; !this.#stopping; this.#visits++) {
      const { token } = await this.#timed(() => this.#enter());
      if (this.#visits % OPEN_EVERY === 0) await this.#timed(() => this.#open(token));
      await this.#timed(() => this.#list());
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #enter(): Promise<{ readonly token: string }> {
    return await (await this.#post("/v1/guests", { name: "visitor" })).json();
  }

  async #open(token: string): Promise<void> {
    const response = await this.#post("/v1/rooms", { title: "A visitor's" }, token);
    this.#opened = { id: (await response.json()).id, at: performance.now() };
  }

  async #list(): Promise<void> {
    const since = performance.now();
    const response = await this.#fetch(`/v1/rooms?limit=${PAGE}`);
    const { rooms }: { rooms: readonly { id: string }[] } = await response.json();
    if (this.#opened === undefined || rooms.some(({ id }) => id === this.#opened?.id)) return;
    this.#oldestMs = Math.max(this.#oldestMs, since - this.#opened.at);
  }

  #post(path: string, body: object, token?: string): Promise<Response> {
    const headers = new Headers({ "content-type": "application/json" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return this.#fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(`${this.#url}${path}`, { ...init, client: this.#client, signal });
    if (!response.ok) throw await problemError(response);
    return response;
  }

  async #timed<T>(request: () => Promise<T>): Promise<T> {
    const since = performance.now();
    const result = await request();
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - since);
    return result;
  }
}
