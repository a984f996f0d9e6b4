import type { Provider, UpstreamCall, UpstreamEvent } from "actors/ai/provider.ts";

/** One call as the provider got it; the test says what comes of it. */
export class ScriptedCall {
  readonly #events: UpstreamEvent[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake = Promise.withResolvers<void>();
  readonly aborted: Promise<void>;

  constructor(readonly call: UpstreamCall, readonly signal: AbortSignal) {
    this.aborted = new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }

  emit(...events: UpstreamEvent[]): void {
    this.#events.push(...events);
    this.#stir();
  }

  say(text: string): void {
    this.emit({ kind: "text", text });
  }

  /** The terminal mark, and the end of the body. */
  finish(): void {
    this.emit({ kind: "end", reason: "stop" });
    this.close();
  }

  /** The end of the body. */
  close(): void {
    this.#end = {};
    this.#stir();
  }

  fail(error: unknown): void {
    this.#end = { error };
    this.#stir();
  }

  async *events(): AsyncGenerator<UpstreamEvent> {
    const aborted = this.aborted.then(() => "aborted" as const);
    for (;;) {
      this.signal.throwIfAborted();
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (this.#end === undefined) await Promise.race([this.#wake.promise, aborted]);
      else if (this.#end.error === undefined) return;
      else throw this.#end.error;
    }
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** An upstream whose every move the test makes, for what depends on time and order. Protocols have a simulator. */
export class ScriptedProvider implements Provider {
  readonly name = "script";
  readonly features = ["text", "image", "slides"] as const;
  readonly secretFields = ["apiKey"];
  readonly prefill = false;
  readonly calls: ScriptedCall[] = [];

  call(call: UpstreamCall, signal: AbortSignal): AsyncIterable<UpstreamEvent> {
    const made = new ScriptedCall(call, signal);
    this.calls.push(made);
    return made.events();
  }
}
