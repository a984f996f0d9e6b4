import { createHash } from "node:crypto";
import type { HttpConnection, HttpRequest } from "./http_connection.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** The server's end of a WebSocket that has no extensions and unfragmented text. */
export class ServerWebSocket {
  readonly #connection: HttpConnection;

  private constructor(connection: HttpConnection) {
    this.#connection = connection;
  }

  static async accept(connection: HttpConnection, request: HttpRequest): Promise<ServerWebSocket> {
    const key = request.headers.get("sec-websocket-key") ?? "";
    const accept = createHash("sha1").update(key + GUID).digest("base64");
    await connection.write(
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
        `sec-websocket-accept: ${accept}\r\n\r\n`,
    );
    return new ServerWebSocket(connection);
  }

  /** The next text; undefined when the client closed or left. */
  async receive(): Promise<string | undefined> {
    while (true) {
      const frame = await this.#frame();
      if (frame === undefined) return undefined;
      if (frame.opcode === TEXT) return decoder.decode(frame.payload);
      if (frame.opcode === PING) await this.#write(PONG, frame.payload);
      if (frame.opcode === CLOSE) {
        await this.#write(CLOSE, frame.payload.slice(0, 2));
        this.#connection.destroy();
        return undefined;
      }
    }
  }

  async send(...texts: readonly string[]): Promise<void> {
    await this.sendRaw(texts.map((text) => frameOf(TEXT, encoder.encode(text))));
  }

  /** Says goodbye and lets the client hang up, as the protocol wants it. */
  async close(code = 1000): Promise<void> {
    await this.#write(CLOSE, new Uint8Array([code >> 8, code & 255]));
  }

  async sendRaw(frames: readonly Uint8Array[]): Promise<void> {
    const whole = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const frame of frames) {
      whole.set(frame, at);
      at += frame.length;
    }
    await this.#connection.write(whole);
  }

  async #frame(): Promise<{ opcode: number; payload: Uint8Array<ArrayBuffer> } | undefined> {
    const head = await this.#connection.read(2);
    if (head === undefined) return undefined;
    let length = head[1]! & 127;
    if (length >= 126) {
      const more = await this.#connection.read(length === 126 ? 2 : 8);
      if (more === undefined) return undefined;
      length = more.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    const masked = await this.#connection.read(4 + length);
    if (masked === undefined) return undefined;
    const payload = masked.slice(4);
    for (let at = 0; at < length; at++) payload[at]! ^= masked[at % 4]!;
    return { opcode: head[0]! & 15, payload };
  }

  async #write(opcode: number, payload: Uint8Array): Promise<void> {
    await this.sendRaw([frameOf(opcode, payload)]);
  }
}

function frameOf(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  const frame = new Uint8Array(1 + head.length + length);
  frame.set([0x80 | opcode, ...head]);
  frame.set(payload, 1 + head.length);
  return frame;
}
