import type { AiMessage, AiUsage } from "protocol/ai.ts";

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** About how many tokens a text has: one for each Han, kana or Hangul character, one for four of others. */
export function tokensOf(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0;
  return wide + Math.ceil((text.length - wide) / 4);
}

/** What a call probably cost, when the upstream does not say. */
export function estimate(messages: readonly AiMessage[], answer: number): AiUsage {
  return {
    promptTokens: messages.reduce((sum, { content }) => sum + tokensOf(content), 0),
    completionTokens: answer,
    estimated: true,
  };
}

/** Of an allowance, what is left after what was written already. */
export function left(maxTokens: number | undefined, partial: string | undefined): number | undefined {
  return maxTokens === undefined ? undefined : Math.max(1, maxTokens - tokensOf(partial ?? ""));
}
