import type { AiRequest } from "protocol/ai.ts";
import { type Provider, type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { languageOf } from "./continuation.ts";
import { paint } from "./echo_picture.ts";
import { picture } from "./file.ts";
import { asksForOutline, plainOutline } from "./outline.ts";
import { pause } from "./pause.ts";
import { tokensOf } from "./usage.ts";

export interface EchoOptions {
  /** Milliseconds between two tokens. */
  readonly tokenMs: number;
  /** Of every credential, for each feature. */
  readonly startsPerSecond: number;
  readonly inFlight: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export const DEFAULT_ECHO: EchoOptions = {
  ...{ tokenMs: 20, startsPerSecond: 2, inFlight: 2 },
  now: () => performance.now(),
};

const WINDOW_MS = 1_000;
const BRUSH_STROKES = 4;
/** Credentials are configured, so there are few; beyond this the quietest are forgotten. */
const USES_MAX = 1_000;
/** A word with the space before it, or a character that is a word. */
const TOKEN =
  /\s*[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|\s*[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+|\s+/gu;

type Text = Extract<AiRequest, { feature: "text" }>;

interface Use {
  starts: number[];
  inFlight: number;
}

/** A model that is always there: says what it was told, token by token, and holds real limits like the ones for sale. */
export class EchoProvider implements Provider {
  readonly name = "echo";
  readonly features = ["text", "image"] as const;
  readonly secretFields = [] as const;
  readonly prefill = true;
  readonly #options: EchoOptions;
  readonly #uses = new Map<string, Use>();

  constructor(options: Partial<EchoOptions> = {}) {
    this.#options = { ...DEFAULT_ECHO, ...options };
  }

  async *call(call: UpstreamCall, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    signal.throwIfAborted();
    const { request } = call;
    const use = this.#admit(`${call.credential.id} ${request.feature}`);
    try {
      yield { kind: "started" };
      switch (request.feature) {
        case "text":
          yield* this.#text(request, call.partial ?? "", signal);
          break;
        case "image":
          yield* this.#image(request, signal);
          break;
        case "slides":
          throw new UpstreamFault("invalid", "This provider makes no slides");
      }
    } finally {
      use.inFlight--;
    }
  }

  async *#text(request: Text, partial: string, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    const whole = answerTo(request);
    const tokens = whole.slice(whole.startsWith(partial) ? partial.length : 0).match(TOKEN) ?? [];
    const most = Math.max(1, (request.options.maxTokens ?? Infinity) - (partial.match(TOKEN)?.length ?? 0));
    let sent = 0;
    for (const text of tokens.slice(0, most)) {
      if (sent++ > 0) await pause(this.#options.tokenMs, signal);
      yield { kind: "text", text };
    }
    const promptTokens = request.messages.reduce((sum, { content }) => sum + tokensOf(content), 0);
    yield { kind: "usage", usage: { promptTokens, completionTokens: sent, estimated: false } };
    yield { kind: "end", reason: sent < tokens.length ? "length" : "stop" };
  }

  async *#image(
    request: Extract<AiRequest, { feature: "image" }>,
    signal: AbortSignal,
  ): AsyncGenerator<UpstreamEvent> {
    for (let stroke = 1; stroke <= BRUSH_STROKES; stroke++) {
      await pause(this.#options.tokenMs, signal);
      yield { kind: "progress", percent: stroke * 100 / (BRUSH_STROKES + 1) };
    }
    yield picture(await paint(request.prompt, request.width, request.height));
    const usage = { promptTokens: tokensOf(request.prompt), completionTokens: 0, estimated: false };
    yield { kind: "usage", usage };
    yield { kind: "end", reason: "stop" };
  }

  /** @throws {UpstreamFault} `rate` or `concurrency`, as from an upstream that counts. */
  #admit(key: string): Use {
    const { now, startsPerSecond, inFlight } = this.#options;
    const at = now();
    const use = this.#uses.get(key) ?? { starts: [], inFlight: 0 };
    this.#uses.delete(key);
    this.#uses.set(key, use);
    this.#forget();
    use.starts = use.starts.filter((start) => start > at - WINDOW_MS);
    if (use.inFlight >= inFlight) {
      throw new UpstreamFault("concurrency", `Echo answers ${inFlight} at a time`);
    }
    if (use.starts.length >= startsPerSecond) {
      const retryAfterMs = Math.ceil(use.starts[0]! + WINDOW_MS - at);
      throw new UpstreamFault("rate", `Echo begins ${startsPerSecond} answers a second`, { retryAfterMs });
    }
    use.starts.push(at);
    use.inFlight++;
    return use;
  }

  #forget(): void {
    if (this.#uses.size <= USES_MAX) return;
    for (const [key, { inFlight }] of this.#uses) {
      if (inFlight > 0) continue;
      this.#uses.delete(key);
      return;
    }
  }
}

function answerTo({ messages, options }: Text): string {
  if (asksForOutline(messages)) return JSON.stringify(plainOutline(messages));
  const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
  if (options.json) return JSON.stringify({ echo: asked });
  return `${languageOf(asked) === "zh" ? "你说：" : "You said: "}${asked}`;
}
