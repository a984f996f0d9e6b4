import { z } from "zod";
import { Ulid } from "./ids.ts";

export const Feature = z.enum(["text", "image", "slides"]);
export type Feature = z.infer<typeof Feature>;

/** The name callers use; which model of which provider stands behind it is the operator's business. */
export const ModelName = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  "must be 1-63 letters, digits, dots, dashes or underscores",
);

/** Higher ones go first. `probe` is the server's own. */
export const Band = z.enum(["high", "normal", "low", "probe"]);
export type Band = z.infer<typeof Band>;

export const AI_TEXT_MAX = 32_000;
export const AI_MESSAGES_MAX = 200;

export const AiMessage = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().min(1).max(AI_TEXT_MAX),
});
export type AiMessage = z.infer<typeof AiMessage>;

/** How an answer is to be made. Whatever is missing is the provider's default. */
export const AiOptions = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  maxTokens: z.int().min(1).max(131_072).optional(),
  stop: z.array(z.string().min(1).max(64)).max(4).optional(),
  seed: z.int().optional(),
  json: z.boolean().optional(),
  /** Identical requests in flight share one answer; by default only where the temperature is 0 or not given. */
  merge: z.boolean().optional(),
  /** False: a broken stream fails instead of going on with another credential. */
  continue: z.boolean().optional(),
});
export type AiOptions = z.infer<typeof AiOptions>;

export const AiUsage = z.object({
  promptTokens: z.int().nonnegative(),
  completionTokens: z.int().nonnegative(),
  /** True when the provider did not say and we counted characters. */
  estimated: z.boolean(),
});
export type AiUsage = z.infer<typeof AiUsage>;

export const AnswerState = z.enum(["waiting", "running", "done", "failed", "cancelled"]);
export type AnswerState = z.infer<typeof AnswerState>;

export const FinishReason = z.enum(["stop", "length", "tool_calls", "content_filter"]);
export type FinishReason = z.infer<typeof FinishReason>;

/** A picture or a slide deck that an answer made; its bytes are at `/v1/ai/files/{id}`. */
export const AiFile = z.object({
  id: Ulid,
  type: z.string().max(128),
  name: z.string().max(128),
  bytes: z.int().nonnegative(),
});
export type AiFile = z.infer<typeof AiFile>;

/** Why an answer failed: a reason of the error table, and a sentence without secrets. */
export const AnswerError = z.object({
  reason: z.string(),
  message: z.string(),
  retryAfterMs: z.int().nonnegative().optional(),
  /** True when a stream broke after text was shown and was not continued. */
  interrupted: z.boolean().optional(),
});
export type AnswerError = z.infer<typeof AnswerError>;

/** Where an answer stands, with its text from the offset that was asked for. */
export const AnswerView = z.object({
  answer: Ulid,
  feature: Feature,
  model: ModelName,
  state: AnswerState,
  /** Grows when the text from some offset on is made anew. */
  attempt: z.int().nonnegative(),
  /** Where `text` begins, in UTF-16 code units. */
  offset: z.int().nonnegative(),
  text: z.string(),
  /** 0-100, for pictures and slides. */
  progress: z.int().min(0).max(100).optional(),
  position: z.int().positive().optional(),
  etaMs: z.int().nonnegative().optional(),
  reason: FinishReason.optional(),
  usage: AiUsage.optional(),
  files: z.array(AiFile).optional(),
  error: AnswerError.optional(),
  /** Milliseconds since 1970. */
  askedAt: z.int(),
  endedAt: z.int().optional(),
});
export type AnswerView = z.infer<typeof AnswerView>;

const ImageRequest = z.strictObject({
  feature: z.literal("image"),
  prompt: z.string().min(1).max(4_000),
  width: z.int().min(64).max(4_096).default(1_024),
  height: z.int().min(64).max(4_096).default(1_024),
});
const SlidesRequest = z.strictObject({
  feature: z.literal("slides"),
  prompt: z.string().min(1).max(8_000),
  title: z.string().max(200).optional(),
  language: z.string().max(16).optional(),
  pages: z.int().min(1).max(40).default(10),
});

/** What is made from one prompt, whatever was said before. */
export const Prompted = z.discriminatedUnion("feature", [ImageRequest, SlidesRequest]);
export type Prompted = z.infer<typeof Prompted>;

/** What is asked of a pool, complete: nothing else is read to answer it. */
export const AiRequest = z.discriminatedUnion("feature", [
  z.strictObject({
    feature: z.literal("text"),
    messages: z.array(AiMessage).min(1).max(AI_MESSAGES_MAX),
    options: AiOptions.default({}),
  }),
  ImageRequest,
  SlidesRequest,
]);
export type AiRequest = z.infer<typeof AiRequest>;

/** Text from an offset on. A reader drops what he has, by attempt and offset. */
export const AiDelta = z.object({
  answer: Ulid,
  attempt: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  text: z.string(),
});
export type AiDelta = z.infer<typeof AiDelta>;

/** From the offset on the text is made anew. */
export const AiResumed = AiDelta.omit({ text: true });
export type AiResumed = z.infer<typeof AiResumed>;

export const AiProgress = z.object({ answer: Ulid, percent: z.int().min(0).max(100) });
export type AiProgress = z.infer<typeof AiProgress>;

export const AiPlace = z.object({
  answer: Ulid,
  /** 1 is next. */
  position: z.int().positive(),
  etaMs: z.int().nonnegative(),
});
export type AiPlace = z.infer<typeof AiPlace>;

export const AiDone = z.object({
  answer: Ulid,
  attempt: z.int().nonnegative(),
  /** Length of the whole text. */
  offset: z.int().nonnegative(),
  state: z.enum(["done", "failed", "cancelled"]),
  reason: FinishReason.optional(),
  usage: AiUsage.optional(),
  files: z.array(AiFile).optional(),
  error: AnswerError.optional(),
  /** Milliseconds since 1970. */
  endedAt: z.int().optional(),
});
export type AiDone = z.infer<typeof AiDone>;
