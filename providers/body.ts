import { UpstreamFault } from "actors/ai/provider.ts";

/** Bytes of one piece at most. */
const PIECE_BYTES = 16_384;

/**
 * Reads the body of an answer, bounded; whoever opens one ends it. All pieces share one buffer: each time without one,
 * the runtime makes a fresh one of 64 KiB, which for a token or two is most of what reading costs.
 */
export class Body implements AsyncDisposable {
  readonly #reader: ReadableStreamBYOBReader | undefined;
  readonly #signal: AbortSignal;
  readonly #bytesMax: number;
  #buffer = new ArrayBuffer(PIECE_BYTES);
  #bytes = 0;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(response: Response, signal: AbortSignal, bytesMax: number) {
    this.#reader = response.body?.getReader({ mode: "byob" });
    this.#signal = signal;
    this.#bytesMax = bytesMax;
  }

  /**
   * The next piece, good until the one after it is asked for; undefined at the end.
   * @throws {UpstreamFault} `cut` when the connection breaks, `malformed` when it is too long.
   */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined || this.#ended) return undefined;
    let piece: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    try {
      piece = await this.#reader.read(new Uint8Array(this.#buffer));
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
    this.#buffer = piece.value.buffer;
    this.#bytes += piece.value.length;
    if (this.#bytes > this.#bytesMax) {
      throw new UpstreamFault("malformed", `The answer is longer than ${this.#bytesMax} bytes`);
    }
    return piece.value;
  }

  /** All that is left of it. */
  async all(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) {
      pieces.push(piece.slice());
    }
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
