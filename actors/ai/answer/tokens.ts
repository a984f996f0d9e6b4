import type { AiRequest, AiUsage } from "protocol/ai.ts";

const CHARACTERS_PER_TOKEN = 4;
/** Han, kana and hangul: about a token each. */
const WIDE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]/g;

/** A rough count, for providers that do not say and for budgets. Within about a third of what tokenizers count. */
export function estimateTokens(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0;
  return wide + Math.ceil((text.length - wide) / CHARACTERS_PER_TOKEN);
}

export function promptTokens(request: AiRequest): number {
  if (request.feature !== "text") return estimateTokens(request.prompt);
  return request.messages.reduce(
    (sum, { content }) => sum + estimateTokens(content) + CHARACTERS_PER_TOKEN,
    0,
  );
}

export function estimateUsage(request: AiRequest, text: string): AiUsage {
  return {
    promptTokens: promptTokens(request),
    completionTokens: estimateTokens(text),
    estimated: true,
  };
}

export function addUsage(sum: AiUsage | undefined, more: AiUsage): AiUsage {
  if (sum === undefined) return more;
  return {
    promptTokens: sum.promptTokens + more.promptTokens,
    completionTokens: sum.completionTokens + more.completionTokens,
    estimated: sum.estimated || more.estimated,
  };
}
