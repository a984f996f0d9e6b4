import { AI_TEXT_MAX, type AiMessage } from "protocol/ai.ts";
import { boundary } from "protocol/pairs.ts";
import { estimateTokens } from "../answer/tokens.ts";

/** Left for the answer when the asker does not say how long it may be. */
const ANSWER_TOKENS = 1_024;
/** What a message costs besides its text. */
const MESSAGE_TOKENS = 4;
/** Of all messages together, whatever the model's window: what is asked travels between nodes and is stored. */
export const CHARACTERS_MAX = 200_000;

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
  let characters = CHARACTERS_MAX - question.length;
  const kept: AiMessage[] = [];
  for (const { question: asked, answer: whole } of [...earlier].reverse()) {
    // Of one that is longer than a message may be, its end.
    const answer = endOf(whole);
    left -= cost(asked) + cost(answer);
    characters -= asked.length + answer.length;
    if (left < 0 || characters < 0) break;
    kept.unshift({ role: "user", content: asked }, { role: "assistant", content: answer });
  }
  return [...kept, { role: "user", content: question }];
}

function endOf(text: string): string {
  const from = Math.max(0, text.length - AI_TEXT_MAX);
  return text.slice(boundary(text, from) === from ? from : from + 1);
}

/** Of one message, in tokens. */
export function cost(text: string): number {
  return estimateTokens(text) + MESSAGE_TOKENS;
}
