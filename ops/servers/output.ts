const KEPT_MAX = 262_144;

/** What a program writes, on both of its outputs: the end of it is kept, and one may wait for a sentence. */
export class Output {
  readonly #waiting = new Set<() => void>();
  readonly #take: (bytes: Uint8Array) => Promise<void>;
  /** Resolves when everything was read. */
  readonly ended: Promise<void>;
  #isEnded = false;
  #text = "";

  /** @param take Gets every byte, for a log file. */
  constructor(streams: readonly ReadableStream<Uint8Array>[], take: (bytes: Uint8Array) => Promise<void>) {
    this.#take = take;
    this.ended = Promise.all(streams.map((stream) => this.#read(stream))).then(() => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  /** The last 256 Ki characters. */
  get text(): string {
    return this.#text;
  }

  /** @throws {Error} when the program ends first. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found !== null) return found;
      if (this.#isEnded) throw new Error(`The program ended without saying ${pattern}: ${this.#text}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.#text = (this.#text + decoder.decode(bytes, { stream: true })).slice(-KEPT_MAX);
      this.#wake();
      await this.#take(bytes);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
