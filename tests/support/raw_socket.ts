import { randomBytes } from "node:crypto";

const HEAD_MAX = 16_384;

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** A WebSocket peer on a bare TCP connection, which does only what it is told: it answers no ping and no close. */
export class RawSocket implements Disposable {
  readonly status: number;
  readonly headers: Headers;
  readonly #connection: Deno.TcpConn;
  #bytes: Uint8Array;

  private constructor(connection: Deno.TcpConn, status: number, headers: Headers, rest: Uint8Array) {
    this.#connection = connection;
    this.status = status;
    this.headers = headers;
    this.#bytes = rest;
  }

  /** Sends the handshake with these headers in place of, or besides, the usual ones; an empty one is left out. */
  static async open(port: number, headers: Record<string, string> = {}): Promise<RawSocket> {
    const all: Record<string, string> = {
      Host: "localhost",
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== "").map(([name, value]) =>
      `${name}: ${value}`
    );
    return await RawSocket.request(port, `GET /v1/ws HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  }

  /** Sends any bytes and reads the head of an HTTP answer. */
  static async request(port: number, request: string): Promise<RawSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(HEAD_MAX);
    for (let filled = 0; filled < HEAD_MAX;) {
      const size = await connection.read(buffer.subarray(filled));
      if (size === null) break;
      filled += size;
      const text = new TextDecoder("latin1").decode(buffer.subarray(0, filled));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      const [first = "", ...lines] = text.slice(0, end).split("\r\n");
      const pairs = lines.map((line): [string, string] => [
        line.slice(0, line.indexOf(":")),
        line.slice(line.indexOf(":") + 1).trim(),
      ]);
      const rest = buffer.slice(end + 4, filled);
      return new RawSocket(connection, Number(first.split(" ")[1]), new Headers(pairs), rest);
    }
    connection.close();
    throw new Error("Cannot read the answer: the connection ended within its head");
  }

  async sendText(text: string): Promise<void> {
    await this.sendFrame(0x1, new TextEncoder().encode(text));
  }

  async sendFrame(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = maskedFrame(opcode, payload);
    for (let sent = 0; sent < frame.length;) sent += await this.#connection.write(frame.subarray(sent));
  }

  /** Undefined at the end of the connection. */
  async read(): Promise<RawFrame | undefined> {
    for (;;) {
      const frame = this.#takeFrame();
      if (frame !== undefined) return frame;
      const chunk = new Uint8Array(65_536);
      const size = await this.#connection.read(chunk);
      if (size === null) return undefined;
      const bytes = new Uint8Array(this.#bytes.length + size);
      bytes.set(this.#bytes);
      bytes.set(chunk.subarray(0, size), this.#bytes.length);
      this.#bytes = bytes;
    }
  }

  /** Reads on to the close frame and returns its code; undefined when the connection ends without one. */
  async readClose(): Promise<number | undefined> {
    for (let frame = await this.read(); frame !== undefined; frame = await this.read()) {
      if (frame.opcode === 0x8) return new DataView(frame.payload.buffer).getUint16(0);
    }
    return undefined;
  }

  async readText(): Promise<string> {
    let text = "";
    const decoder = new TextDecoder();
    const connection = this.#connection;
    const chunk = new Uint8Array(65_536);
    text += decoder.decode(this.#bytes, { stream: true });
    for (let size = await connection.read(chunk); size !== null; size = await connection.read(chunk)) {
      text += decoder.decode(chunk.subarray(0, size), { stream: true });
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  #takeFrame(): RawFrame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const short = bytes[1]! & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return undefined;
    const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
    if (bytes.length < start + length) return undefined;
    this.#bytes = bytes.subarray(start + length);
    return { opcode: bytes[0]! & 0x0f, payload: bytes.slice(start, start + length) };
  }
}

/** A whole client frame (RFC 6455, 5.2), masked as clients must. */
export function maskedFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const extra = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(6 + extra + payload.length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extra === 0 ? payload.length : extra === 2 ? 126 : 127);
  if (extra === 2) view.setUint16(2, payload.length);
  if (extra === 8) view.setBigUint64(2, BigInt(payload.length));
  const mask = randomBytes(4);
  frame.set(mask, 2 + extra);
  for (let i = 0; i < payload.length; i++) frame[6 + extra + i] = payload[i]! ^ mask[i & 3]!;
  return frame;
}
