import { z } from "zod";
import { AI_MESSAGES_MAX, AI_TEXT_MAX, type AiMessage, type AiOptions } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";

/** What of OpenAI's API (platform.openai.com/docs/api-reference) this server speaks. Fields it does not know are ignored. */

const TextPart = z.object({ type: z.literal("text"), text: z.string() });
const Content = z.union([
  z.string(),
  z.array(TextPart).max(AI_MESSAGES_MAX).transform((parts) => parts.map(({ text }) => text).join("")),
], "must be text, or parts that are text").pipe(z.string().max(AI_TEXT_MAX));

const ROLES = { developer: "system", system: "system", user: "user", assistant: "assistant" } as const;

const ChatMessage = z.object({ role: z.enum(["developer", "system", "user", "assistant"]), content: Content })
  .transform(({ role, content }): AiMessage => ({ role: ROLES[role], content }));

/** Asked for by fields that change what an answer is, so that leaving them out would be a lie. */
const UNSUPPORTED = [
  "tools",
  "functions",
  "tool_choice",
  "function_call",
  "audio",
  "modalities",
  "logprobs",
  "top_logprobs",
];

export const ChatRequest = z.looseObject({
  model: z.string().min(1).max(256),
  // Clients send empty ones, which say nothing, and which providers refuse.
  messages: z.array(ChatMessage).min(1).max(AI_MESSAGES_MAX)
    .transform((messages) => messages.filter(({ content }) => content !== ""))
    .refine((messages) => messages.length > 0, "must say something"),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  max_tokens: z.int().min(1).max(131_072).nullish(),
  max_completion_tokens: z.int().min(1).max(131_072).nullish(),
  stop: z.union([
    z.string().min(1).max(64).transform((one) => [one]),
    z.array(z.string().min(1).max(64)).max(4),
  ]).nullish(),
  seed: z.int().nullish(),
  n: z.literal(1, "must be 1").nullish(),
  response_format: z.object({ type: z.enum(["text", "json_object"]) }).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

export const ImageRequest = z.looseObject({
  /** @default The first model for pictures. */
  model: z.string().min(1).max(256).nullish(),
  prompt: z.string().min(1).max(4_000),
  n: z.literal(1, "must be 1").nullish(),
  size: z.union([z.literal("auto"), z.string().regex(/^\d{2,4}x\d{2,4}$/)]).nullish(),
  response_format: z.enum(["url", "b64_json"]).nullish(),
});
export type ImageRequest = z.infer<typeof ImageRequest>;

/** @throws {BarrageError} `invalid_params` for what would be answered otherwise than asked. */
export function refuseUnsupported(body: Readonly<Record<string, unknown>>): void {
  const asked = UNSUPPORTED.find((name) => !saysNothing(body[name]));
  if (asked === undefined) return;
  throw new BarrageError("invalid_params", `Cannot use ${asked}: not supported here`, {
    path: `body.${asked}`,
  });
}

/** What libraries send where nothing was asked for. */
function saysNothing(value: unknown): boolean {
  return [undefined, null, false, 0, "none"].includes(value as null) ||
    (Array.isArray(value) && value.every((one) => one === "text"));
}

export function optionsOf(body: ChatRequest): AiOptions {
  return {
    ...given("temperature", body.temperature),
    ...given("topP", body.top_p),
    ...given("maxTokens", body.max_completion_tokens ?? body.max_tokens),
    ...given("stop", body.stop),
    ...given("seed", body.seed),
    ...(body.response_format?.type === "json_object" ? { json: true } : {}),
  };
}

/** Clients send null for what they do not ask for. */
function given<N extends string, V>(name: N, value: V | null | undefined): { [P in N]?: V } {
  return value === undefined || value === null ? {} : { [name]: value } as { [P in N]: V };
}
