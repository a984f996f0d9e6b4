import { createParser } from "eventsource-parser";
import { z } from "zod";
import type { AiMessage, FinishReason } from "protocol/ai.ts";
import { type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import type { Body } from "./body.ts";
import { BAD_EVENTS_MAX, DRAIN_MS, EVENT_CHARS_MAX } from "./limits.ts";
import { ErrorBody, faultInStream } from "./openai_faults.ts";
import { estimate, tokensOf } from "./usage.ts";

const Usage = z.object({
  prompt_tokens: z.number().nonnegative(),
  completion_tokens: z.number().nonnegative(),
});
const Said = z.object({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
});
const Chunk = z.object({
  choices: z.array(z.object({
    delta: Said.nullish(),
    /** Where a stream was asked for and not given. */
    message: Said.nullish(),
    finish_reason: z.string().nullish(),
  })).nullish(),
  usage: Usage.nullish().catch(undefined),
  error: ErrorBody.nullish(),
  /** Spark's, beside or instead of an error; 0 is well. */
  code: z.number().nullish().catch(undefined),
});

const REASONS: Readonly<Record<string, FinishReason>> = {
  ...{ stop: "stop", length: "length", content_filter: "content_filter" },
  ...{ tool_calls: "tool_calls", function_call: "tool_calls" },
};
/** Ways to say that it failed, which are no ends. */
const FAILED = new Set(["error", "insufficient_system_resource", "abort"]);

/** Makes events of the chunks of one answer. */
export class ChatReader {
  readonly #messages: readonly AiMessage[];
  readonly #secret: Readonly<Record<string, string>>;
  #reason: FinishReason | undefined;
  #usage: z.infer<typeof Usage> | undefined;
  #tokens = 0;
  #bad = 0;
  #unshown = false;
  #told = false;

  constructor(messages: readonly AiMessage[], secret: Readonly<Record<string, string>>) {
    this.#messages = messages;
    this.#secret = secret;
  }

  /** The answer is complete; what may still come is its cost. */
  get finished(): boolean {
    return this.#reason !== undefined;
  }

  /** One event's data. One that is no JSON is skipped: others have been seen to send such and go on. */
  take(data: string): UpstreamEvent[] {
    if (data === "[DONE]") return this.#reason === undefined ? [] : this.end();
    return this.chunk(json(data));
  }

  chunk(value: unknown): UpstreamEvent[] {
    if (this.#told) return [];
    const parsed = Chunk.safeParse(value);
    if (!parsed.success) {
      if (++this.#bad > BAD_EVENTS_MAX) {
        throw new UpstreamFault("malformed", "The stream is not what was asked for");
      }
      return [];
    }
    const { choices, usage, code, error = code ? { code } : undefined } = parsed.data;
    if (error !== undefined && error !== null) throw faultInStream(error, this.#secret);
    this.#usage = usage ?? this.#usage;
    const choice = choices?.[0];
    const events = this.#said(choice?.delta ?? choice?.message ?? {});
    const reason = choice?.finish_reason;
    if (reason !== undefined && reason !== null && reason !== "") {
      if (FAILED.has(reason)) throw new UpstreamFault("transient", "The upstream gave up", { code: reason });
      this.#reason = REASONS[reason] ?? "stop";
    }
    return events;
  }

  /** The upstream is done: with [DONE], or with the end of the body. */
  end(): UpstreamEvent[] {
    if (this.#told) return [];
    if (this.#reason === undefined) {
      throw this.#bad > 0 && this.#tokens === 0
        ? new UpstreamFault("malformed", "The stream is not what was asked for")
        : new UpstreamFault("cut", "The stream ended without saying that the answer is complete");
    }
    this.#told = true;
    const usage = this.#usage === undefined ? estimate(this.#messages, this.#tokens) : {
      promptTokens: Math.round(this.#usage.prompt_tokens),
      completionTokens: Math.round(this.#usage.completion_tokens),
      estimated: false,
    };
    return [{ kind: "usage", usage }, { kind: "end", reason: this.#reason }];
  }

  #said(said: z.infer<typeof Said>): UpstreamEvent[] {
    const events: UpstreamEvent[] = [];
    const tool = (said.tool_calls?.length ?? 0) > 0;
    if (!this.#unshown && (tool || said.reasoning_content || said.reasoning)) {
      this.#unshown = true;
      events.push({ kind: "unshown", what: tool ? "tool" : "reasoning" });
    }
    if (said.content) {
      this.#tokens += tokensOf(said.content);
      events.push({ kind: "text", text: said.content });
    }
    return events;
  }
}

/** Reads a stream of events to the end of its body. */
export async function* readStream(body: Body, reader: ChatReader): AsyncGenerator<UpstreamEvent> {
  let data: string[] = [];
  const parser = createParser({
    maxBufferSize: EVENT_CHARS_MAX,
    onEvent: (event) => {
      // What came in one piece was never in the parser's buffer.
      if (event.data.length > EVENT_CHARS_MAX) throw tooLong();
      data.push(event.data);
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw tooLong();
    },
  });
  const decoder = new TextDecoder();
  while (true) {
    const piece = await next(body, reader);
    if (piece === undefined) break;
    parser.feed(decoder.decode(piece, { stream: true }));
    const taken = data;
    data = [];
    // Not `yield*`, which waits several times for each event.
    for (const each of taken) for (const event of reader.take(each)) yield event;
    if (reader.finished) body.endWithin(DRAIN_MS);
  }
  // A last event that nothing ends.
  parser.feed("\n\n");
  for (const each of data) yield* reader.take(each);
  yield* reader.end();
}

function tooLong(): UpstreamFault {
  return new UpstreamFault("malformed", `An event is longer than ${EVENT_CHARS_MAX} characters`);
}

/** A connection that breaks after the answer was complete has done its work. */
async function next(body: Body, reader: ChatReader): Promise<Uint8Array | undefined> {
  try {
    return await body.read();
  } catch (error) {
    if (reader.finished && error instanceof UpstreamFault && error.kind === "cut") return undefined;
    throw error;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
