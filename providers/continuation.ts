import type { AiMessage } from "protocol/ai.ts";

/** What a model is told that has to go on with an answer of its own, in the language of the conversation. */
export const CONTINUE_INSTRUCTIONS = {
  en:
    "Your last message was cut off. Continue it from exactly where it stops: do not repeat anything, do not begin anew, do not comment on this.",
  zh: "你的上一条回复被中断了。请从中断处直接接着写：不要重复已有内容，不要重新开始，也不要说明。",
} as const;

const HAN = /\p{Script=Han}/gu;
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/gu;
const OTHER_WORD = /[^\p{Script=Han}\P{L}]+/gu;
/** With so many Han characters among its words a text is Chinese, however many foreign words are in it. */
const HAN_SHARE = 0.3;
/** With so many kana among them it is Japanese. */
const KANA_SHARE = 0.1;
const SAMPLE_MAX = 2_000;

export type Language = keyof typeof CONTINUE_INSTRUCTIONS;

export function languageOf(text: string): Language {
  const sample = text.slice(-SAMPLE_MAX);
  const count = (pattern: RegExp) => sample.match(pattern)?.length ?? 0;
  const han = count(HAN);
  const chinese = han > 0 && han >= HAN_SHARE * (han + count(OTHER_WORD)) && count(KANA) < KANA_SHARE * han;
  return chinese ? "zh" : "en";
}

/** The conversation as it has to be sent so that the model goes on with `partial`. */
export function continued(
  messages: readonly AiMessage[],
  partial: string | undefined,
  prefill: boolean,
): readonly AiMessage[] {
  if (partial === undefined || partial === "") return messages;
  const soFar: AiMessage = { role: "assistant", content: partial };
  if (prefill) return [...messages, soFar];
  return [...messages, soFar, { role: "user", content: CONTINUE_INSTRUCTIONS[languageOf(partial)] }];
}
