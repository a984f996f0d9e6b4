const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;

export interface FrameHandler {
  /** The payload of a text frame; valid only during the call. Called only when `collect` is on. */
  text(payload: Uint8Array): void;
  ping(payload: Uint8Array): void;
  /** Two bytes of the code first, unless the peer gave none. */
  close(payload: Uint8Array): void;
}

/**
 * Walks over the bytes a WebSocket server sends (RFC 6455, section 5.2) and counts frames. With `collect` off, the
 * payload of text frames is stepped over unread, which makes a viewer nearly free. Fragmented messages do not occur
 * with the servers measured here; a continuation would be counted as a frame of its own.
 */
export class FrameReader {
  frames = 0;
  collect = true;
  readonly #handler: FrameHandler;
  readonly #header = new Uint8Array(10);
  #headerLength = 0;
  #opcode = 0;
  #missing = 0;
  #payload: Uint8Array | undefined;
  #filled = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  read(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        at += this.#take(chunk, at);
      } else {
        this.#header[this.#headerLength++] = chunk[at++]!;
        if (this.#headerIsWhole()) this.#begin();
      }
    }
  }

  #headerIsWhole(): boolean {
    if (this.#headerLength < 2) return false;
    const length = this.#header[1]! & 0x7f;
    return this.#headerLength === (length === 127 ? 10 : length === 126 ? 4 : 2);
  }

  #begin(): void {
    const view = new DataView(this.#header.buffer);
    const short = this.#header[1]! & 0x7f;
    const length = short === 127 ? Number(view.getBigUint64(2)) : short === 126 ? view.getUint16(2) : short;
    this.#opcode = this.#header[0]! & 0x0f;
    this.#headerLength = 0;
    this.#missing = length;
    const wanted = this.#opcode >= CLOSE || this.collect;
    this.#payload = wanted ? new Uint8Array(length) : undefined;
    this.#filled = 0;
    if (length === 0) this.#end();
  }

  #take(chunk: Uint8Array, at: number): number {
    const size = Math.min(this.#missing, chunk.length - at);
    this.#payload?.set(chunk.subarray(at, at + size), this.#filled);
    this.#filled += size;
    this.#missing -= size;
    if (this.#missing === 0) this.#end();
    return size;
  }

  #end(): void {
    const payload = this.#payload;
    this.#payload = undefined;
    if (this.#opcode < CLOSE) this.frames++;
    if (payload === undefined) return;
    if (this.#opcode === TEXT) this.#handler.text(payload);
    else if (this.#opcode === PING) this.#handler.ping(payload);
    else if (this.#opcode === CLOSE) this.#handler.close(payload);
  }
}

/** A masked client frame with FIN set. A zero mask is allowed by the protocol and leaves the payload as it is. */
export function clientFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const extended = payload.length < 126 ? 0 : 2;
  if (payload.length > 0xffff) throw new RangeError("Cannot send a frame of more than 65,535 bytes");
  const frame = new Uint8Array(2 + extended + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? payload.length : 126);
  if (extended > 0) new DataView(frame.buffer).setUint16(2, payload.length);
  frame.set(payload, 2 + extended + 4);
  return frame;
}
