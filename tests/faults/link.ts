/** What a link does with bytes. */
type Condition =
  | { readonly kind: "open"; readonly delayMs: number }
  /** Connections break, and new ones are refused. */
  | { readonly kind: "cut" }
  /** Connections stay and are made, but nothing moves; what was sent meanwhile arrives when it heals. */
  | { readonly kind: "silent"; readonly over: PromiseWithResolvers<void> };

const BUFFER_BYTES = 16_384;
/** Chunks on the way on a slow link; a sender waits when there are more. */
const CHUNKS_MAX = 256;

/** A TCP link to a server that can be cut, silenced and slowed down. */
export class Link implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #route: () => number | undefined;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #pipes = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #condition: Condition = { kind: "open", delayMs: 0 };
  #closed = false;

  /** @param route The port that a new connection goes to; undefined refuses it. */
  constructor(route: () => number | undefined) {
    this.#route = route;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get connections(): number {
    return this.#connections.size / 2;
  }

  cut(): void {
    this.#change({ kind: "cut" });
    for (const connection of this.#connections) close(connection);
  }

  silence(): void {
    this.#change({ kind: "silent", over: Promise.withResolvers() });
  }

  slowDown(delayMs: number): void {
    this.#change({ kind: "open", delayMs });
  }

  heal(): void {
    this.#change({ kind: "open", delayMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    this.cut();
    await this.#accepting;
    await Promise.all(this.#pipes);
  }

  #change(next: Condition): void {
    const before = this.#condition;
    this.#condition = next;
    if (before.kind === "silent") before.over.resolve();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const opening = this.#open(client).finally(() => this.#pipes.delete(opening));
      this.#pipes.add(opening);
    }
  }

  async #open(client: Deno.TcpConn): Promise<void> {
    const port = this.#condition.kind === "cut" ? undefined : this.#route();
    const server = port === undefined ? undefined : await connect(port);
    if (server === undefined || this.#condition.kind === "cut" || this.#closed) {
      close(client);
      if (server !== undefined) close(server);
      return;
    }
    await Promise.all([this.#forward(client, server), this.#forward(server, client)]);
  }

  /** Delays overlap: a slow link takes longer, it does not carry less. */
  async #forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    from.setNoDelay();
    this.#connections.add(from);
    let writing = Promise.resolve();
    let chunks = 0;
    try {
      const buffer = new Uint8Array(BUFFER_BYTES);
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const condition = this.#condition;
        const bytes = buffer.slice(0, read);
        const at = performance.now() + (condition.kind === "open" ? condition.delayMs : 0);
        chunks++;
        writing = writing.then(() => this.#pass(bytes, to, at)).finally(() => chunks--);
        writing.catch(() => {}); // seen by the next wait for it
        if (at <= performance.now() || chunks >= CHUNKS_MAX) await writing;
      }
      await writing;
    } catch (error) {
      if (!isClosed(error)) throw error;
    } finally {
      this.#connections.delete(from);
      close(from);
      close(to);
    }
  }

  async #pass(bytes: Uint8Array, to: Deno.TcpConn, at: number): Promise<void> {
    const wait = at - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    while (this.#condition.kind === "silent") await this.#condition.over.promise;
    for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
  }
}

async function connect(port: number): Promise<Deno.TcpConn | undefined> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset) {
      return undefined;
    }
    throw error;
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!isClosed(error)) throw error;
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected;
}
