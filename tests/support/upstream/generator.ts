import { createHash } from "node:crypto";
import { CONTINUE_INSTRUCTIONS } from "providers/continuation.ts";

export interface Message {
  readonly role: string;
  readonly content: string;
}

const WORDS = [
  ..."time river light stone garden music letter window bridge winter paper silver mountain".split(" "),
  ..."the a of and in with over under between because however while every other small bright".split(" "),
];
/**
 * So many words lie between a word and the same one again: one who says the same twice, just where it is cut, cannot be told
 * from one who repeats what was there already.
 */
const APART = 8;
const CHINESE = [
  ..."时间 河流 光 石头 花园 音乐 信 窗户 桥 冬天 纸 山 的 和 在 因为 但是 每个 小 明亮 我们 可以 看到".split(
    " ",
  ),
];

/** What an upstream has to say to a conversation: the same to the same, however often and wherever it is asked. */
export interface Script {
  readonly tokens: readonly string[];
  readonly promptTokens: number;
  /** Characters of an earlier part that the request carries; 0 when it is no continuation. */
  readonly given: number;
  readonly prefilled: boolean;
}

export interface ScriptOptions {
  readonly tokens: number;
  /** A JSON object with the outline of a talk instead of prose. */
  readonly json?: boolean;
  /** Characters repeated at the head of a continuation. */
  readonly overlap?: number;
}

/** The whole answer to a conversation, as one who reads everything sees it. */
export function textFor(messages: readonly Message[], options: ScriptOptions): string {
  return script(messages, options).tokens.join("");
}

export function script(messages: readonly Message[], options: ScriptOptions): Script {
  const promptTokens = messages.reduce((sum, { content }) => sum + Math.ceil(content.length / 4), 0);
  const { asked, partial, prefilled } = taken(messages);
  const tokens = options.json ? [...outline()] : compose(asked, options.tokens);
  if (partial === undefined) return { tokens, promptTokens, given: 0, prefilled };
  const whole = tokens.join("");
  // Whoever asks to go on with something else gets the whole answer: a reader would see that.
  if (!whole.startsWith(partial)) return { tokens, promptTokens, given: 0, prefilled };
  const from = Math.max(0, partial.length - (options.overlap ?? 0));
  return { tokens: tail(tokens, from), promptTokens, given: partial.length, prefilled };
}

/** A continuation without what makes it one. */
function taken(
  messages: readonly Message[],
): { asked: readonly Message[]; partial?: string; prefilled: boolean } {
  const last = messages.at(-1);
  if (last?.role === "assistant") {
    return { asked: messages.slice(0, -1), partial: last.content, prefilled: true };
  }
  const before = messages.at(-2);
  const instruction = Object.values(CONTINUE_INSTRUCTIONS).some((text) => text === last?.content);
  if (instruction && before?.role === "assistant") {
    return { asked: messages.slice(0, -2), partial: before.content, prefilled: false };
  }
  return { asked: messages, prefilled: false };
}

function compose(messages: readonly Message[], count: number): string[] {
  const seed = createHash("sha256").update(
    JSON.stringify(messages.map(({ role, content }) => [role, content])),
  )
    .digest().readUInt32LE();
  const random = randomFrom(seed);
  const chinese = /[\u4e00-\u9fff]/.test(messages.at(-1)?.content ?? "");
  const words = chinese ? CHINESE : WORDS;
  const said: string[] = [];
  return Array.from({ length: count }, (_, index) => {
    let word: string;
    do word = words[Math.floor(random() * words.length)]!; while (said.slice(-APART).includes(word));
    said.push(word);
    const stop = index % 11 === 10;
    if (chinese) return stop ? `${word}。` : word;
    return `${index === 0 ? "" : " "}${word}${stop ? "." : ""}`;
  });
}

function outline(): string[] {
  const json = JSON.stringify({
    title: "About rivers",
    chapters: [1, 2, 3].map((n) => ({ title: `Chapter ${n}`, bullets: [`First of ${n}`, `Second of ${n}`] })),
  });
  return json.match(/.{1,8}/gs) ?? [];
}

function tail(tokens: readonly string[], from: number): string[] {
  const left: string[] = [];
  let at = 0;
  for (const token of tokens) {
    if (at + token.length > from) left.push(token.slice(Math.max(0, from - at)));
    at += token.length;
  }
  return left;
}

/** mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
