/** A TCP proxy whose wire can be cut or frozen, to lose a connection at a chosen moment. */
export class CuttableProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #pipes = new Set<Promise<void>>();
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #mode: "forward" | "freeze" = "forward";
  #cutAfter: string | undefined;

  constructor(target: number) {
    this.#target = target;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Forwards the next request that contains `text`, and nothing after it: the answer never arrives. */
  cutAfter(text: string): void {
    this.#cutAfter = text;
  }

  /** Keeps all connections open and silent, also those made from now on. */
  freeze(): void {
    this.#mode = "freeze";
  }

  /** New connections work again; those frozen stay silent. */
  thaw(): void {
    this.#mode = "forward";
  }

  cut(): void {
    for (const connection of this.#connections) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.cut();
    await Promise.all(this.#pipes);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.#connections.add(client).add(server);
      this.#follow(this.#pipe(client, server, true));
      this.#follow(this.#pipe(server, client, false));
    }
  }

  #follow(pipe: Promise<void>): void {
    this.#pipes.add(pipe);
    pipe.finally(() => this.#pipes.delete(pipe));
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, requests: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let frozen = false;
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const bytes = buffer.subarray(0, read);
        frozen ||= this.#mode === "freeze";
        if (frozen) continue;
        const last = requests && this.#cutAfter !== undefined &&
          new TextDecoder().decode(bytes).includes(this.#cutAfter);
        if (last) {
          this.#cutAfter = undefined;
          close(from); // before the server can answer
        }
        for (let sent = 0; sent < read;) sent += await to.write(bytes.subarray(sent));
        if (last) break;
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    } finally {
      close(from);
      close(to);
    }
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
