import { setTimeout } from "node:timers/promises";
import { close, isGone, join } from "./wire.ts";

/** A node behind the front. */
export interface Backend {
  readonly name: string;
  readonly port: number;
}

export interface FrontOptions<B extends Backend> {
  /** 0 picks a free one. */
  readonly port: number;
  readonly backends: readonly B[];
  /** A backend begins or ceases to be given connections; `why` is what it last said. */
  readonly onChange: (backend: B, ready: boolean, why: string) => void;
}

const LOOK_EVERY_MS = 500;
const LOOK_PATIENCE_MS = 2_000;
const OPEN_PATIENCE_MS = 20_000;
const CONNECTIONS_MAX = 20_000;
const NOBODY = JSON.stringify({ type: "about:blank", title: "No node is ready", status: 503 });
const REFUSAL = new TextEncoder().encode([
  "HTTP/1.1 503 Service Unavailable",
  "Content-Type: application/problem+json",
  `Content-Length: ${NOBODY.length}`,
  "Retry-After: 1",
  "Connection: close",
  "",
  NOBODY,
].join("\r\n"));

/**
 * One port for many nodes: each new connection goes to the next node whose /readyz says yes, byte for byte, so that
 * WebSockets need no more than HTTP does. It is for trying and testing: nodes take this machine for every client.
 */
export class Front<B extends Backend> implements AsyncDisposable {
  readonly #options: FrontOptions<B>;
  readonly #listener: Deno.TcpListener;
  readonly #ready: Set<B>;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  #turn = 0;

  private constructor(options: FrontOptions<B>) {
    this.#options = options;
    this.#listener = listen(options.port);
    this.#ready = new Set(options.backends);
    this.#running = Promise.all([this.#accept(), ...options.backends.map((backend) => this.#watch(backend))]);
  }

  /**
   * Waits until all backends are ready.
   * @throws {Error} when one does not get ready, or the port is taken.
   */
  static async open<B extends Backend>(options: FrontOptions<B>): Promise<Front<B>> {
    const patience = AbortSignal.timeout(OPEN_PATIENCE_MS);
    await Promise.all(options.backends.map((backend) => untilReady(backend, patience)));
    return new Front(options);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#running;
  }

  async #accept(): Promise<void> {
    const serving = new Set<Promise<void>>();
    for await (const client of this.#listener) {
      if (serving.size >= CONNECTIONS_MAX) {
        close(client);
        continue;
      }
      const one = this.#serve(client).finally(() => serving.delete(one));
      serving.add(one);
    }
    await Promise.all(serving);
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    const server = await this.#connect();
    if (server === undefined) await refuse(client);
    else {
      this.#open.add(server);
      // Whoever stops the front closes what is open at that moment, and this may have come later.
      if (this.#stopping.signal.aborted) close(server);
      await join(client, server);
      this.#open.delete(server);
    }
    this.#open.delete(client);
  }

  /** To the next node in turn; one that takes no connection is passed over until it is looked at again. */
  async #connect(): Promise<Deno.TcpConn | undefined> {
    const candidates = this.#options.backends.filter((backend) => this.#ready.has(backend));
    const first = this.#turn++;
    for (let index = 0; index < candidates.length; index++) {
      const backend = candidates[(first + index) % candidates.length]!;
      try {
        return await Deno.connect({ hostname: "127.0.0.1", port: backend.port });
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        this.#note(backend, false, "it refuses connections");
      }
    }
    return undefined;
  }

  async #watch(backend: B): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { ready, why } = await look(backend, signal);
      if (!signal.aborted) this.#note(backend, ready, why);
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  #note(backend: B, ready: boolean, why: string): void {
    if (this.#ready.has(backend) === ready) return;
    if (ready) this.#ready.add(backend);
    else this.#ready.delete(backend);
    this.#options.onChange(backend, ready, why);
  }
}

function listen(port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Error(`Cannot listen on port ${port}: it is taken; give another with --port`);
  }
}

async function untilReady(backend: Backend, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { ready, why } = await look(backend, signal);
    if (ready) return;
    if (signal.aborted) throw new Error(`Cannot open the front: ${backend.name} does not get ready: ${why}`);
    await pause(LOOK_EVERY_MS / 5, signal);
  }
}

async function look({ port }: Backend, stopping: AbortSignal): Promise<{ ready: boolean; why: string }> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(LOOK_PATIENCE_MS)]);
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal });
    return { ready: response.ok, why: await response.text() };
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    return { ready: false, why: timedOut ? "/readyz does not answer" : "it cannot be reached" };
  }
}

/** Reads the request first: closing on unread bytes would take the answer back. */
async function refuse(client: Deno.TcpConn): Promise<void> {
  try {
    await client.read(new Uint8Array(65_536));
    await client.write(REFUSAL);
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    close(client);
  }
}

/** Ends early, and quietly, with the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
}
