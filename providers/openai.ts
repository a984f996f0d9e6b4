import { z } from "zod";
import type { AiRequest } from "protocol/ai.ts";
import { type Provider, type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { Body } from "./body.ts";
import { continued } from "./continuation.ts";
import { fetchFile, fromBase64, picture } from "./file.ts";
import { baseOf, readJson, send } from "./http.ts";
import { FILE_JSON_BYTES_MAX, REFUSAL_BYTES_MAX, STREAM_BYTES_MAX } from "./limits.ts";
import { ErrorBody, faultOf, PREFILL_REJECTED } from "./openai_faults.ts";
import { ChatReader, readStream } from "./openai_stream.ts";
import { estimate, left } from "./usage.ts";

const USUAL_URL = "https://api.openai.com/v1";
/** Models that are remembered for refusing prefill. */
const REFUSERS_MAX = 1_000;
/** They count thoughts as well, and do not know the old name. */
const WITH_COMPLETION_TOKENS = /^(o\d|gpt-5)/;
/** They answer with base64 and do not know how to be asked for it. */
const ALWAYS_BASE64 = /^gpt-image/;

type Text = Extract<AiRequest, { feature: "text" }>;
type Image = Extract<AiRequest, { feature: "image" }>;

const Images = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish(), url: z.string().nullish() })).min(1),
});

/** Everything that speaks OpenAI's protocol, theirs or another's. */
export class OpenAiProvider implements Provider {
  readonly name: string;
  readonly features = ["text", "image"] as const;
  readonly secretFields = ["apiKey"] as const;
  readonly prefill: boolean;
  /** Base address and model of those that refuse to be continued by a message of the assistant's own. */
  readonly #refusers = new Set<string>();

  constructor(options: { readonly name?: string; readonly prefill?: boolean } = {}) {
    this.name = options.name ?? "openai";
    this.prefill = options.prefill ?? false;
  }

  /** No generator of its own: each event would pass through it. */
  call(call: UpstreamCall, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    switch (call.request.feature) {
      case "text":
        return this.#chat(call, call.request, signal);
      case "image":
        return this.#image(call, call.request, signal);
      case "slides":
        throw new UpstreamFault("invalid", "This provider makes no slides");
    }
  }

  async *#chat(call: UpstreamCall, request: Text, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    const { options } = request;
    const place = `${call.credential.baseUrl ?? ""} ${call.upstreamModel}`;
    const prefill = this.prefill && !this.#refusers.has(place);
    const messages = continued(request.messages, call.partial, prefill);
    const maxTokens = left(options.maxTokens, call.partial);
    const response = await this.#post(call, "/chat/completions", {
      model: call.upstreamModel,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      temperature: options.temperature,
      top_p: options.topP,
      [WITH_COMPLETION_TOKENS.test(call.upstreamModel) ? "max_completion_tokens" : "max_tokens"]: maxTokens,
      stop: options.stop,
      seed: options.seed,
      response_format: options.json ? { type: "json_object" } : undefined,
    }, signal);
    if (!response.ok) {
      const fault = await refusal(response, call, messages.at(-1)?.role === "assistant", signal);
      if (fault.details.code === PREFILL_REJECTED && this.#refusers.size < REFUSERS_MAX) {
        this.#refusers.add(place);
      }
      throw fault;
    }
    yield { kind: "started" };
    const reader = new ChatReader(messages, call.credential.secret);
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("application/json")) {
      // Not every upstream knows how to stream.
      yield* reader.chunk(await readJson(response, signal, STREAM_BYTES_MAX));
      return yield* reader.end();
    }
    await using body = new Body(response, signal, STREAM_BYTES_MAX);
    if (!type.startsWith("text/event-stream")) {
      throw new UpstreamFault(
        "malformed",
        "The upstream answered with something that is no stream of events",
      );
    }
    yield* readStream(body, reader);
  }

  async *#image(call: UpstreamCall, request: Image, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    const response = await this.#post(call, "/images/generations", {
      model: call.upstreamModel,
      prompt: request.prompt,
      n: 1,
      size: `${request.width}x${request.height}`,
      response_format: ALWAYS_BASE64.test(call.upstreamModel) ? undefined : "b64_json",
    }, signal);
    if (!response.ok) throw await refusal(response, call, false, signal);
    yield { kind: "started" };
    const parsed = Images.safeParse(await readJson(response, signal, FILE_JSON_BYTES_MAX));
    const [image] = parsed.data?.data ?? [];
    if (image?.b64_json) yield picture(fromBase64(image.b64_json));
    else if (image?.url) {
      yield picture(await fetchFile(image.url, baseOf(call.credential.baseUrl, USUAL_URL), signal));
    } else throw new UpstreamFault("malformed", "The upstream answered without a picture");
    yield { kind: "usage", usage: estimate([{ role: "user", content: request.prompt }], 0) };
    yield { kind: "end", reason: "stop" };
  }

  async #post(call: UpstreamCall, path: string, body: object, signal: AbortSignal): Promise<Response> {
    return await send(`${baseOf(call.credential.baseUrl, USUAL_URL)}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${call.credential.secret["apiKey"] ?? ""}`,
      },
      body: JSON.stringify(body),
    }, signal);
  }
}

async function refusal(
  response: Response,
  { credential }: UpstreamCall,
  prefilled: boolean,
  signal: AbortSignal,
): Promise<UpstreamFault> {
  const { status, headers } = response;
  const error = await readJson(response, signal, REFUSAL_BYTES_MAX)
    .then((body) => z.object({ error: ErrorBody }).safeParse(body).data?.error, (error) => {
      // A page of a proxy, say: the status alone has to do.
      if (error instanceof UpstreamFault) return undefined;
      throw error;
    });
  return faultOf({ status, headers, error, prefilled }, credential.secret);
}
