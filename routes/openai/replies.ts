import { z } from "@hono/zod-openapi";

/** What is answered in OpenAI's form, as far as it is told here. */

export const Completion = z.object({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int().openapi({ description: "Seconds since 1970" }),
  model: z.string(),
  choices: z.array(z.object({
    index: z.literal(0),
    message: z.object({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
    logprobs: z.null(),
    finish_reason: z.enum(["stop", "length", "tool_calls", "content_filter"]),
  })),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
  }).optional(),
});

export const Picture = z.object({
  created: z.int().openapi({ description: "Seconds since 1970" }),
  data: z.array(z.union([z.object({ b64_json: z.string() }), z.object({ url: z.url() })])),
});

export const Model = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
});

export const Models = z.object({ object: z.literal("list"), data: z.array(Model) });

export const Failure = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
