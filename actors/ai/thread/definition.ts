import { z } from "zod";
import { AI_TEXT_MAX, AiOptions, AnswerView, ModelName, Prompted } from "protocol/ai.ts";
import { AiThread } from "protocol/ai_methods.ts";
import { Ulid } from "protocol/ids.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Nothing = z.strictObject({});

/** Somebody's history with a model: which question comes after which. What was answered lies in the answers. */
export const threadActor = defineActor({
  kind: "thread",
  placement: "shard",
  key: Ulid,
  noun: "thread",
  verbs: {
    /** Begins the thread if there is none. Refused with `conflict` while the last question is being answered. */
    ask: {
      input: z.strictObject({
        /** The id of the answer: again is harmless. */
        answer: Ulid,
        /** @default The thread's, or the first there is. */
        model: ModelName.optional(),
        /** Without it the last question is asked again. */
        text: z.string().min(1).max(AI_TEXT_MAX).optional(),
        options: AiOptions.optional(),
        /** To be made instead of an answer in words; `text` asks for it. */
        make: Prompted.optional(),
        /** The answer goes on without readers. */
        detached: z.boolean().optional(),
      }),
      output: z.object({ answer: Ulid, merged: z.boolean(), view: AnswerView, seq: z.int().positive() }),
    },
    /** Turns before `before`, the last ones first read, in ascending order; replaced ones are left out. */
    history: {
      input: z.strictObject({ before: z.int().positive().optional(), limit: z.int().min(1).max(100) }),
      output: z.object({
        thread: AiThread,
        turns: z.array(z.object({ seq: z.int().positive(), question: z.string(), answer: Ulid })),
        next: z.int().positive().optional(),
      }),
    },
    forget: { input: Nothing, output: Nothing },
  },
});
export type ThreadVerbs = typeof threadActor["verbs"];
export type ThreadVerb = keyof ThreadVerbs;
