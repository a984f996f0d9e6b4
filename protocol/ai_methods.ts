import { z } from "zod";
import {
  AI_MESSAGES_MAX,
  AI_TEXT_MAX,
  AiDelta,
  AiDone,
  AiMessage,
  AiOptions,
  AiPlace,
  AiProgress,
  AiResumed,
  AnswerView,
  Feature,
  ModelName,
} from "./ai.ts";
import { Ulid } from "./ids.ts";

const Empty = z.strictObject({});
const answer = Ulid;

/** One of text and messages; pictures and slides are asked for by text. */
export const AskAi = z.strictObject({
  feature: Feature.default("text"),
  /** @default The first model there is for the feature. */
  model: ModelName.optional(),
  /** A history to go on with, or to begin: the id is the client's to choose. */
  thread: Ulid.optional(),
  text: z.string().min(1).max(AI_TEXT_MAX).optional(),
  messages: z.array(AiMessage).min(1).max(AI_MESSAGES_MAX).optional(),
  /** Ask the last question of the thread again. */
  regenerate: z.boolean().optional(),
  options: AiOptions.optional(),
  width: z.int().min(64).max(4_096).optional(),
  height: z.int().min(64).max(4_096).optional(),
  pages: z.int().min(1).max(40).optional(),
  /** What the answer is to be called: makes asking again harmless. Should grow with time, as ULIDs do. */
  id: Ulid.optional(),
}).refine(
  ({ text, messages, regenerate }) =>
    [text, messages, regenerate].filter((one) => one !== undefined).length === 1,
  "must have exactly one of text, messages, regenerate",
).refine(
  ({ messages, thread }) => messages === undefined || thread === undefined,
  "messages cannot go with a thread, which has its own",
).refine(
  ({ feature, messages, regenerate }) =>
    feature === "text" || (messages === undefined && regenerate === undefined),
  "pictures and slides are asked for by text",
);
export type AskAi = z.infer<typeof AskAi>;

/** `answer` is the one to follow: somebody else's when the same is being answered already. */
export const AskedAi = z.object({
  answer,
  thread: Ulid.optional(),
  merged: z.boolean(),
  view: AnswerView,
});
export type AskedAi = z.infer<typeof AskedAi>;

export const AiModel = z.object({
  model: ModelName,
  feature: Feature,
  /** Tokens of the request and the answer together. */
  contextTokens: z.int().positive(),
});
export type AiModel = z.infer<typeof AiModel>;

export const AiThread = z.object({
  thread: Ulid,
  title: z.string(),
  model: ModelName,
  /** Milliseconds since 1970. */
  createdAt: z.int(),
  changedAt: z.int(),
});
export type AiThread = z.infer<typeof AiThread>;

export const AiTurn = z.object({
  seq: z.int().positive(),
  question: z.string(),
  answer: AnswerView,
});
export type AiTurn = z.infer<typeof AiTurn>;

/** The methods of AI answers; part of METHODS. */
export const AI_METHODS = {
  "ai.ask": {
    summary: "Ask a model; the answer follows as notifications, from its beginning",
    params: AskAi,
    result: AskedAi,
  },
  "ai.follow": {
    summary: "Read an answer from an offset on, and go on live",
    params: z.strictObject({ answer, from: z.int().nonnegative().default(0) }),
    result: AnswerView,
  },
  "ai.unfollow": { summary: "Read no further", params: z.strictObject({ answer }), result: Empty },
  "ai.cancel": {
    summary: "Want the answer no longer; the last who asked ends it",
    params: z.strictObject({ answer }),
    result: Empty,
  },
  "ai.models": {
    summary: "What can be asked",
    params: Empty,
    result: z.object({ models: z.array(AiModel) }),
  },
  "ai.threads": {
    summary: "Your histories, the newest first",
    params: z.strictObject({ before: Ulid.optional(), limit: z.int().min(1).max(100).default(50) }),
    result: z.object({ threads: z.array(AiThread), next: Ulid.optional() }),
  },
  "ai.thread": {
    summary: "What was asked and answered in a thread, the newest last",
    params: z.strictObject({
      thread: Ulid,
      before: z.int().positive().optional(),
      limit: z.int().min(1).max(100).default(50),
    }),
    result: z.object({ thread: AiThread, turns: z.array(AiTurn), next: z.int().positive().optional() }),
  },
  "ai.forget": { summary: "Remove a thread", params: z.strictObject({ thread: Ulid }), result: Empty },
} as const;

export type AiMethod = keyof typeof AI_METHODS;

export const AI_NOTIFICATIONS = {
  "ai.delta": { summary: "More text of an answer", params: AiDelta },
  "ai.resumed": { summary: "From an offset on the text is made anew", params: AiResumed },
  "ai.progress": { summary: "How far pictures and slides are", params: AiProgress },
  "ai.queue": { summary: "Your place among those who wait", params: AiPlace },
  "ai.done": { summary: "The answer has ended", params: AiDone },
} as const;
