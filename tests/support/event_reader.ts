const DEADLINE_MS = 5_000;

export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Reads Server-Sent Events (WHATWG, 9.2) one after the other; ending it ends the request. */
export class EventReader implements AsyncDisposable {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(response: Response, body: ReadableStream<Uint8Array>) {
    this.response = response;
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const response = await fetch(url, { headers });
    if (response.body === null) throw new Error("Cannot read events: the answer has no body");
    return new EventReader(response, response.body);
  }

  /** The next event, or undefined at the end of the stream; comments are passed over. */
  async next(): Promise<ServerEvent | undefined> {
    const timer = setTimeout(() => this.#reader.cancel(), DEADLINE_MS);
    try {
      for (;;) {
        const end = this.#text.indexOf("\n\n");
        if (end < 0) {
          const { value, done } = await this.#reader.read();
          if (done) return undefined;
          this.#text += value;
          continue;
        }
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (!block.startsWith(":")) return parse(block);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

function parse(block: string): ServerEvent {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  return {
    id: fields.get("id"),
    event: fields.get("event") ?? "message",
    data: JSON.parse(fields.get("data") ?? "null"),
  };
}
