import type { z } from "@hono/zod-openapi";
import type { AiDone, AiUsage } from "protocol/ai.ts";
import type { Completion } from "./replies.ts";

/** What all parts of one completion say of it. */
export interface Heading {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export function headingOf(answer: string, model: string, askedAt: number): Heading {
  return { id: `chatcmpl-${answer}`, created: Math.floor(askedAt / 1_000), model };
}

export function completion(
  heading: Heading,
  text: string,
  { reason, usage }: AiDone,
): z.infer<typeof Completion> {
  return {
    ...heading,
    object: "chat.completion",
    choices: [{
      index: 0,
      message: { role: "assistant", content: text, refusal: null },
      logprobs: null,
      finish_reason: reason ?? "stop",
    }],
    ...(usage === undefined ? {} : { usage: usageOf(usage) }),
  };
}

/** @param withUsage Whether a chunk with the usage follows at the end: all others then say that it is not theirs. */
export function chunk(
  heading: Heading,
  delta: { readonly role?: "assistant"; readonly content?: string },
  reason: string | null,
  withUsage: boolean,
) {
  return {
    ...heading,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    ...(withUsage ? { usage: null } : {}),
  };
}

/** The last chunk of who asked for it. */
export function usageChunk(heading: Heading, usage: AiUsage) {
  return { ...heading, object: "chat.completion.chunk", choices: [], usage: usageOf(usage) };
}

function usageOf({ promptTokens, completionTokens }: AiUsage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
