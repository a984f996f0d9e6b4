const END_OF_HEAD = new Uint8Array([13, 10, 13, 10]);
const HEAD_MAX = 64 * 1024;
const BODY_MAX = 32 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * HTTP/1.1 on a bare socket. `Deno.serve` would do for well-behaved answers, but a connection that is reset before the
 * headers, cut inside a chunk or never answered is the socket's business, and so is to notice at once that the client left.
 */
export class HttpConnection {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #gone = false;
  #wakeReader: (() => void) | undefined;
  #wakeWaiter: (() => void) | undefined;
  /** Called once, when the client has left or was thrown out. */
  onGone: (() => void) | undefined;
  readonly #socket: Deno.TcpConn;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    try {
      socket.setNoDelay(true);
    } catch {
      // Some systems refuse it where the client has left already, which reading finds out.
    }
    this.#pump();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** The next request, its body not yet read; undefined when there is none. */
  async head(): Promise<HttpRequest | undefined> {
    let end = indexOf(this.#buffer, END_OF_HEAD);
    while (end === -1) {
      if (this.#gone || this.#buffer.length > HEAD_MAX) return undefined;
      await this.#more();
      end = indexOf(this.#buffer, END_OF_HEAD);
    }
    const [line = "", ...fields] = decoder.decode(this.#take(end + 4)).trimEnd().split("\r\n");
    const [method = "", target = ""] = line.split(" ");
    const headers = new Map<string, string>();
    for (const field of fields) {
      const colon = field.indexOf(":");
      headers.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim());
    }
    return { method, target, headers };
  }

  /** The body of a request whose head was read; undefined when the client left before its end. */
  async body(request: HttpRequest): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (request.headers.get("transfer-encoding") === "chunked") return await this.#chunks();
    return await this.read(Number(request.headers.get("content-length") ?? "0"));
  }

  /** Exactly so many bytes; undefined when the client left before. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (length > BODY_MAX) return undefined;
    while (this.#buffer.length < length) {
      if (this.#gone) return undefined;
      await this.#more();
    }
    return this.#take(length);
  }

  async write(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? encoder.encode(data) : data;
    try {
      while (bytes.length > 0 && !this.#gone) bytes = bytes.subarray(await this.#socket.write(bytes));
    } catch {
      this.destroy();
    }
  }

  /** A whole answer. */
  async answer(status: number, headers: Record<string, string>, body: string | Uint8Array): Promise<void> {
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const head = encoder.encode(headOf(status, { ...headers, "content-length": String(bytes.length) }));
    const whole = new Uint8Array(head.length + bytes.length);
    whole.set(head);
    whole.set(bytes, head.length);
    await this.write(whole);
  }

  /** The head of an answer whose body follows in chunks. */
  async begin(status: number, headers: Record<string, string>): Promise<void> {
    await this.write(headOf(status, { ...headers, "transfer-encoding": "chunked" }));
  }

  async chunk(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    if (bytes.length > 0) await this.write(`${bytes.length.toString(16)}\r\n${text}\r\n`);
  }

  async end(): Promise<void> {
    await this.write("0\r\n\r\n");
  }

  /** Resolves after the time, or as soon as the client has left. */
  async wait(ms: number): Promise<void> {
    if (this.#gone) return;
    await new Promise<void>((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
      this.#wakeWaiter = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeWaiter = undefined;
  }

  /** Closes the socket at once; with unread bytes that is a reset. */
  destroy(): void {
    if (this.#gone) return;
    this.#left();
  }

  async #chunks(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const parts: Uint8Array[] = [];
    while (true) {
      let end = this.#buffer.indexOf(10);
      while (end === -1) {
        if (this.#gone) return undefined;
        await this.#more();
        end = this.#buffer.indexOf(10);
      }
      const size = parseInt(decoder.decode(this.#take(end + 1)), 16);
      const part = await this.read(size + 2);
      if (part === undefined) return undefined;
      if (size === 0) return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
      parts.push(part.subarray(0, size));
    }
  }

  async #pump(): Promise<void> {
    const space = new Uint8Array(64 * 1024);
    try {
      while (true) {
        const length = await this.#socket.read(space);
        if (length === null) break;
        const joined = new Uint8Array(this.#buffer.length + length);
        joined.set(this.#buffer);
        joined.set(space.subarray(0, length), this.#buffer.length);
        this.#buffer = joined;
        this.#wakeReader?.();
        if (this.#buffer.length > BODY_MAX + HEAD_MAX) break;
      }
    } catch {
      // Reset by the client, or closed by us.
    }
    if (!this.#gone) this.#left();
  }

  #left(): void {
    this.#gone = true;
    try {
      this.#socket.close();
    } catch {
      // The client was faster.
    }
    this.#wakeReader?.();
    this.#wakeWaiter?.();
    this.onGone?.();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeReader = () => {
        this.#wakeReader = undefined;
        resolve();
      };
    });
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}

function headOf(status: number, headers: Record<string, string>): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${status < 400 ? "OK" : "Refused"}\r\n${fields}\r\n`;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0]!;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}
