import { z } from "zod";
import type { AiMessage, AiOptions } from "protocol/ai.ts";
import { languageOf } from "./continuation.ts";
import type { SparkModel } from "./spark_models.ts";

const AGREED = { en: "Understood.", zh: "好的。" } as const;

const Usage = z.object({
  prompt_tokens: z.number().nonnegative(),
  completion_tokens: z.number().nonnegative(),
});

/** One frame of an answer; a failure is a frame with a code and without a payload. */
export const Frame = z.object({
  header: z.object({ code: z.int() }),
  payload: z.object({
    choices: z.object({
      status: z.int(),
      text: z.array(z.object({ content: z.string().nullish(), reasoning_content: z.string().nullish() }))
        .default([]),
    }),
    usage: z.object({ text: Usage }).nullish().catch(undefined),
  }).nullish(),
});
export type Frame = z.infer<typeof Frame>;

export interface Asked {
  readonly appId: string;
  readonly uid: string;
  readonly model: SparkModel;
  readonly messages: readonly AiMessage[];
  readonly options: AiOptions;
  readonly maxTokens: number | undefined;
}

/** The one message of the client's. */
export function ask({ appId, uid, model, messages, options, maxTokens }: Asked): string {
  const { temperature } = options;
  return JSON.stringify({
    header: { app_id: appId, uid: uid.slice(-32) },
    parameter: {
      chat: {
        domain: model.domain,
        // Theirs ends at 1, and 0 is none of its values.
        ...(temperature === undefined ? {} : { temperature: Math.min(1, Math.max(0.01, temperature)) }),
        ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      },
    },
    payload: { message: { text: model.system ? messages : withoutSystem(messages) } },
  });
}

/** For models that know no system: it is the user who says so, and the assistant who agrees. */
export function withoutSystem(messages: readonly AiMessage[]): AiMessage[] {
  return messages.flatMap((message, index): AiMessage[] => {
    if (message.role !== "system") return [message];
    const said: AiMessage = { role: "user", content: message.content };
    // The last word has to be the user's.
    if (index === messages.length - 1) return [said];
    return [said, { role: "assistant", content: AGREED[languageOf(message.content)] }];
  });
}
