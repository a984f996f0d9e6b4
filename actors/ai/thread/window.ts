import type { AiMessage } from "protocol/ai.ts";
import { estimateTokens } from "../answer/tokens.ts";

/** Left for the answer when the asker does not say how long it may be. */
const ANSWER_TOKENS = 1_024;
/** What a message costs besides its text. */
const MESSAGE_TOKENS = 4;

export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/**
 * The question with as much of what was said before, from the end, as fits into the model's window: whole exchanges, so
 * that no answer stands without its question.
 */
export function messagesFor(
  earlier: readonly Exchange[],
  question: string,
  contextTokens: number,
  maxTokens = ANSWER_TOKENS,
): AiMessage[] {
  let left = contextTokens - maxTokens - cost(question);
  const kept: AiMessage[] = [];
  for (const { question: asked, answer } of [...earlier].reverse()) {
    left -= cost(asked) + cost(answer);
    if (left < 0) break;
    kept.unshift({ role: "user", content: asked }, { role: "assistant", content: answer });
  }
  return [...kept, { role: "user", content: question }];
}

function cost(text: string): number {
  return estimateTokens(text) + MESSAGE_TOKENS;
}
