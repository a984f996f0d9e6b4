import { UpstreamFault } from "actors/ai/provider.ts";

/** Reads the body of an answer, bounded; whoever opens one ends it. */
export class Body implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #signal: AbortSignal;
  readonly #bytesMax: number;
  #bytes = 0;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(response: Response, signal: AbortSignal, bytesMax: number) {
    this.#reader = response.body?.getReader();
    this.#signal = signal;
    this.#bytesMax = bytesMax;
  }

  /**
   * The next piece; undefined at the end.
   * @throws {UpstreamFault} `cut` when the connection breaks, `malformed` when it is too long.
   */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined || this.#ended) return undefined;
    let piece: ReadableStreamReadResult<Uint8Array>;
    try {
      piece = await this.#reader.read();
    } catch {
      this.#ended = true;
      this.#signal.throwIfAborted();
      throw new UpstreamFault("cut", "The connection broke inside the answer");
    }
    if (piece.done) {
      this.#ended = true;
      this.#signal.throwIfAborted();
      return undefined;
    }
    this.#bytes += piece.value.length;
    if (this.#bytes > this.#bytesMax) {
      throw new UpstreamFault("malformed", `The answer is longer than ${this.#bytesMax} bytes`);
    }
    return piece.value;
  }

  /** All that is left of it. */
  async all(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) pieces.push(piece);
    const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** From now on the end comes within this time, if need be because we hang up. */
  endWithin(ms: number): void {
    this.#timer ??= setTimeout(() => this.#cancel(), ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#ended) await this.#cancel();
  }

  async #cancel(): Promise<void> {
    // It may have broken already, which is as good.
    await this.#reader?.cancel().catch(() => {});
  }
}
