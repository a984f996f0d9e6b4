import { clientFrame, FrameReader } from "./frames.ts";

const READ_BYTES = 16_384;
const HANDSHAKE_MAX_BYTES = 16_384;

/**
 * A WebSocket client written for load: one read loop over a TCP connection that counts frames and bytes. The one
 * Deno ships decodes and dispatches every frame, and thousands of those would slow what is being measured.
 */
export class LoadSocket {
  bytes = 0;
  /** Resolves with the code in the close frame; undefined when there was none. */
  readonly closed: Promise<number | undefined>;
  #hear: ((text: string) => void) | undefined;
  /** What came before anyone listened. */
  #early: string[] = [];
  readonly #connection: Deno.TcpConn;
  readonly #reader: FrameReader;
  readonly #decoder = new TextDecoder();
  #written: Promise<unknown> = Promise.resolve();
  #open = true;
  readonly #end: (code: number | undefined) => void;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.closed = promise;
    this.#end = resolve;
    this.#reader = new FrameReader({
      text: (payload) => this.#text(this.#decoder.decode(payload)),
      ping: (payload) => this.#write(0xa, payload),
      close: ([high, low]) => {
        this.#end(high === undefined || low === undefined ? undefined : high * 256 + low);
        this.close();
      },
    });
  }

  /** Connects and upgrades. Rejects when the server answers anything but 101. */
  static async connect(url: string): Promise<LoadSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const request = [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
    ].join("\r\n") + "\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    const socket = new LoadSocket(connection);
    socket.#listen(await readHandshake(connection));
    return socket;
  }

  get frames(): number {
    return this.#reader.frames;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Calls back with each text frame, also those that came before the first listener; replaces the one before. */
  hear(listener: (text: string) => void): void {
    this.#hear = listener;
    for (const text of this.#early.splice(0)) listener(text);
  }

  /** From now on only counts. */
  skim(): void {
    this.#reader.collect = false;
  }

  send(text: string): void {
    this.#write(0x1, new TextEncoder().encode(text));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#end(undefined);
    this.#connection.close();
  }

  #text(text: string): void {
    if (this.#hear === undefined) this.#early.push(text);
    else this.#hear(text);
  }

  #write(opcode: number, payload: Uint8Array): void {
    if (!this.#open) return;
    const frame = clientFrame(opcode, payload);
    this.#written = this.#written.then(() => writeAll(this.#connection, frame)).catch(() => this.close());
  }

  async #listen(first: Uint8Array): Promise<void> {
    this.#read(first);
    const buffer = new Uint8Array(READ_BYTES);
    while (this.#open) {
      const size = await this.#connection.read(buffer).catch(() => null);
      if (size === null) break;
      this.#read(buffer.subarray(0, size));
    }
    this.close();
  }

  #read(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#reader.read(chunk);
  }
}

async function writeAll(connection: Deno.TcpConn, data: Uint8Array): Promise<void> {
  let written = 0;
  while (written < data.length) written += await connection.write(data.subarray(written));
}

/** Reads the answer to the upgrade and returns what came after it. */
async function readHandshake(connection: Deno.TcpConn): Promise<Uint8Array> {
  const buffer = new Uint8Array(HANDSHAKE_MAX_BYTES);
  let filled = 0;
  while (filled < buffer.length) {
    const size = await connection.read(buffer.subarray(filled));
    if (size === null) break;
    filled += size;
    const head = new TextDecoder("latin1").decode(buffer.subarray(0, filled));
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const status = head.slice(0, head.indexOf("\r\n"));
    if (status.split(" ")[1] !== "101") throw new Error(`Cannot upgrade: ${status}`);
    return buffer.slice(end + 4, filled);
  }
  throw new Error("Cannot upgrade: the connection ended before the answer");
}
