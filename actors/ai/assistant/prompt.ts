import { AI_MESSAGES_MAX, AI_TEXT_MAX, type AiMessage } from "protocol/ai.ts";
import { CHARACTERS_MAX, cost } from "../thread/window.ts";

/** Something that was said. */
export interface Line {
  readonly speaker: string;
  readonly text: string;
  /** By the assistant itself. */
  readonly own: boolean;
}

export interface Scene {
  /** Told before everything else. */
  readonly instructions: string;
  /** What was said before, the oldest first. */
  readonly earlier: readonly Line[];
  readonly question: Line;
}

/**
 * The question with as many of the lines before it, from the newest back, as fit into the model's window beside the answer.
 * Who said what stands before each line; lines of people that follow each other are one message.
 */
export function promptFor(
  { instructions, earlier, question }: Scene,
  { contextTokens, answerTokens }: { readonly contextTokens: number; readonly answerTokens: number },
): AiMessage[] {
  const asked = contentOf(question);
  let left = contextTokens - answerTokens - cost(instructions) - cost(asked);
  let characters = CHARACTERS_MAX - instructions.length - asked.length;
  const messages: AiMessage[] = [];
  for (const line of [...earlier].reverse()) {
    const content = contentOf(line);
    left -= cost(content);
    characters -= content.length;
    if (left < 0 || characters < 0 || messages.length >= AI_MESSAGES_MAX - 2) break;
    const role = line.own ? "assistant" : "user";
    const next = messages[0];
    if (next?.role === role && next.content.length + content.length < AI_TEXT_MAX) {
      messages[0] = { role, content: `${content}\n${next.content}` };
    } else messages.unshift({ role, content });
  }
  return [{ role: "system", content: instructions }, ...messages, { role: "user", content: asked }];
}

function contentOf({ speaker, text, own }: Line): string {
  // Nobody puts words into another one's mouth by a line that looks like his.
  const content = own ? text : `${speaker}: ${text.replaceAll("\n", "\n  ")}`;
  return content.slice(0, AI_TEXT_MAX - 1).toWellFormed();
}

/** What an assistant of a group is told. */
export function groupInstructions(name: string, title: string, own: string): string {
  return join([
    `You are ${name}, an AI assistant and a member of the group chat "${title}".`,
    "Several people write here; before each message stands the name of who wrote it.",
    "Answer the last message, briefly and in its language. Do not put a name before what you say.",
  ], own);
}

/** What an assistant of a live room is told. */
export function roomInstructions(name: string, title: string, textMax: number, own: string): string {
  return join([
    `You are ${name}, an AI assistant among the viewers of the live room "${title}".`,
    "What viewers say scrolls over the picture; before each line stands the name of who said it.",
    `Answer the last line in its language, in plain text of at most ${textMax} characters, without a name before it.`,
  ], own);
}

function join(told: readonly string[], own: string): string {
  return own === "" ? told.join(" ") : `${told.join(" ")}\n\n${own}`;
}
