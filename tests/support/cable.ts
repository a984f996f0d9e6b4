/** A TCP cable to a server that can be pulled out and put back: connections break, and new ones are refused. */
export class Cable implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #pipes = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #plugged = true;
  #clear = Promise.withResolvers<void>();

  constructor(readonly target: number) {
    this.#clear.resolve();
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  pull(): void {
    this.#plugged = false;
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  plug(): void {
    this.#plugged = true;
  }

  /** Nothing moves any more, though connections stay open: a sender fills what buffers there are, and waits. */
  clog(): void {
    this.#clear = Promise.withResolvers();
  }

  unclog(): void {
    this.#clear.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.unclog();
    await this.#accepting;
    this.pull();
    await Promise.all(this.#pipes);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = this.#plugged && await connect(this.target);
      if (!server) {
        close(client);
        continue;
      }
      for (const [from, to] of [[client, server], [server, client]] as const) {
        from.setNoDelay();
        this.#connections.add(from);
        const pipe = this.#forward(from, to).finally(() => {
          this.#connections.delete(from);
          this.#pipes.delete(pipe);
        });
        this.#pipes.add(pipe);
      }
    }
  }

  async #forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
        await this.#clear.promise;
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    } finally {
      close(from);
      close(to);
    }
  }
}

async function connect(port: number): Promise<Deno.TcpConn | undefined> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return undefined;
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
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}
