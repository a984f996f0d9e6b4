import { z } from "zod";
import type { AiMessage, AiRequest } from "protocol/ai.ts";
import { UpstreamFault } from "actors/ai/provider.ts";
import { languageOf } from "./continuation.ts";

const CHAPTERS_MAX = 40;
const BULLETS_MAX = 8;
const WORDS_MAX = 200;
/** More than forty chapters need; whoever writes more than this has lost the thread. */
export const OUTLINE_CHARS_MAX = 200_000;

type Slides = Extract<AiRequest, { feature: "slides" }>;

// A model is asked for a form and keeps to it more or less: what is too long is cut, not refused.
const Words = z.string().transform((text) => printable(text).slice(0, WORDS_MAX));
const Chapter = z.object({
  title: Words,
  bullets: z.array(Words).default([]).transform((bullets) => bullets.slice(0, BULLETS_MAX)),
});
export const Outline = z.object({
  title: Words,
  subtitle: Words.optional(),
  chapters: z.array(Chapter).min(1).transform((chapters) => chapters.slice(0, CHAPTERS_MAX)),
});
export type Outline = z.infer<typeof Outline>;

const INSTRUCTION =
  'You plan slide decks. Answer with one JSON object and nothing else: {"title": string, "subtitle": string, ' +
  '"chapters": [{"title": string, "bullets": [string]}]}. Each chapter is one slide with 3 to 5 bullets of at most 20 ' +
  "words. Write in the language of the request.";

/** What to ask a text model for. */
export function outlineMessages({ prompt, title, language, pages }: Slides): AiMessage[] {
  const wishes = [
    // One page is the title's.
    `Chapters: ${Math.max(1, pages - 1)}`,
    ...(title === undefined ? [] : [`Title: ${title}`]),
    ...(language === undefined ? [] : [`Language: ${language}`]),
    `Request: ${prompt}`,
  ];
  return [{ role: "system", content: INSTRUCTION }, { role: "user", content: wishes.join("\n") }];
}

export function asksForOutline(messages: readonly AiMessage[]): boolean {
  return messages[0]?.content === INSTRUCTION;
}

/** @throws {UpstreamFault} `malformed` when there is no outline in the text. */
export function parseOutline(text: string): Outline {
  const from = text.indexOf("{");
  const to = text.lastIndexOf("}");
  try {
    return Outline.parse(JSON.parse(text.slice(from, to + 1)));
  } catch {
    throw new UpstreamFault("malformed", "The model's outline is not of the form it was asked for");
  }
}

/** An outline without a model: says again what it was asked for. */
export function plainOutline(messages: readonly AiMessage[]): Outline {
  const asked = messages.at(-1)?.content ?? "";
  const field = (name: string) => new RegExp(`^${name}: (.*)`, "m").exec(asked)?.[1];
  const request = printable(/^Request: (.*)/ms.exec(asked)?.[1] ?? asked);
  const title = field("Title") ?? request.slice(0, 60);
  const chinese = languageOf(request) === "zh";
  const chapters = Array.from({ length: Number(field("Chapters") ?? "3") }, (_, index) => ({
    title: chinese ? `第 ${index + 1} 部分` : `Part ${index + 1}`,
    bullets: [request.slice(0, 120), chinese ? "要点" : "A point", chinese ? "小结" : "In short"],
  }));
  return { title, subtitle: "", chapters };
}

/** Without what XML cannot hold. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").toWellFormed().trim();
}
