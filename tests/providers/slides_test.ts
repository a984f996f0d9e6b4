import { deepEqual, equal, ok } from "node:assert/strict";
import JSZip from "jszip";
import type { AiRequest } from "protocol/ai.ts";
import type { OpenCredential } from "actors/ai/provider.ts";
import { lookOf, renderDeck } from "providers/deck.ts";
import { EchoProvider } from "providers/echo.ts";
import { DECK_TYPE } from "providers/file.ts";
import { OpenAiProvider } from "providers/openai.ts";
import { OUTLINE_CHARS_MAX, parseOutline } from "providers/outline.ts";
import { SlidesFromOutline } from "providers/slides.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { attempt, callOf, kindOf, shape, SLIDES, TEXT } from "./attempt.ts";
import { said, Scripted } from "./scripted.ts";

const openai = new SlidesFromOutline(new OpenAiProvider());
const CREDENTIAL: OpenCredential = { id: "a", provider: "echo", secret: {} };

/** The words of each slide, from the file's own XML. */
async function wordsOf(deck: Uint8Array): Promise<string[][]> {
  const archive = await JSZip.loadAsync(deck);
  ok(archive.file("[Content_Types].xml") !== null && archive.file("ppt/presentation.xml") !== null);
  const names = Object.keys(archive.files).filter((name) => /^ppt\/slides\/slide\d+\.xml$/.test(name));
  const slides: string[][] = [];
  for (let n = 1; n <= names.length; n++) {
    const xml = await archive.file(`ppt/slides/slide${n}.xml`)!.async("string");
    wellFormed(xml);
    slides.push([...xml.matchAll(/<a:t>([^<]*)<\/a:t>/g)].map(([, text = ""]) => text));
  }
  return slides;
}

/** Every element is closed by its own end, every entity is one of XML's, and no character is forbidden. */
function wellFormed(xml: string): void {
  const open: string[] = [];
  for (const [, end, name, empty] of xml.matchAll(/<(\/?)([\w:]+)[^<>]*?(\/?)>/g)) {
    if (end) equal(open.pop(), name);
    else if (!empty) open.push(name!);
  }
  deepEqual(open, []);
  ok(!/&(?!(amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(xml), "an ampersand by itself");
  // deno-lint-ignore no-control-regex
  ok(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(xml), "a forbidden character");
}

Deno.test("[Z42] slides are one text call, rendered into a presentation", async () => {
  await using upstream = new Upstream();
  const credential = upstream.credential({ id: "a" });
  const made = await attempt(openai, callOf(credential, { request: SLIDES }));
  equal(shape(made).replaceAll("progress ", ""), "started usage file end");
  const file = made.events.find((event) => event.kind === "file");
  deepEqual([file?.type, file?.name], [DECK_TYPE, "slides.pptx"]);
  deepEqual(await wordsOf(file!.bytes), [
    ["About rivers"],
    ...[1, 2, 3].map((n) => [`Chapter ${n}`, `First of ${n}`, `Second of ${n}`, String(n + 1)]),
  ]);
  deepEqual([upstream.counts().calls, upstream.counts("a", "text:gpt-4o").calls], [1, 1]);
});

Deno.test("[Z42] the model is told how many chapters, which title and which language", async () => {
  await using upstream = new Scripted();
  upstream.streams(said(JSON.stringify({ title: "T", chapters: [{ title: "C" }] }), "stop"));
  const request: AiRequest = { ...SLIDES, pages: 7, title: "Rivers", language: "fr" } as AiRequest;
  equal(kindOf(await attempt(openai, callOf(upstream.credential, { request }))), "none");
  const { messages, response_format } = upstream.received[0]!.body as {
    messages: { content: string }[];
    response_format: object;
  };
  deepEqual(response_format, { type: "json_object" });
  for (const wish of ["Chapters: 6", "Title: Rivers", "Language: fr"]) {
    ok(messages.at(-1)!.content.includes(wish), wish);
  }
});

Deno.test("[Z42] an outline of another form is malformed, one stopped by moderation is moderation", async () => {
  await using upstream = new Scripted();
  const kind = async (text: string, finish: string) => {
    upstream.streams(said(text, finish));
    return kindOf(await attempt(openai, callOf(upstream.credential, { request: SLIDES })));
  };
  equal(await kind("I would rather not", "stop"), "malformed");
  equal(await kind('{"title": "T", "chapters": []}', "stop"), "malformed");
  equal(await kind('{"title": "T", "chapters": [{"title": "C", "bull', "length"), "malformed");
  equal(await kind("{}", "content_filter"), "moderation");
  equal(await kind("x".repeat(OUTLINE_CHARS_MAX + 1), "stop"), "malformed");
});

Deno.test("[Z42] faults of the text call are the slides'", async () => {
  await using upstream = new Upstream();
  const credential = upstream.credential({ id: "a", limits: { startsPerSecond: 10, inFlight: 1 } });
  upstream.faults({ fault: { kind: "cut", after: 5 } });
  equal(kindOf(await attempt(openai, callOf(credential, { request: SLIDES }))), "cut");
  upstream.faults({ fault: { kind: "quota" } });
  equal(kindOf(await attempt(openai, callOf(credential, { request: SLIDES }))), "quota");
  upstream.faults({ fault: { kind: "stall", after: 5 } });
  const cancelled = new AbortController();
  const stalled = attempt(openai, callOf(credential, { request: SLIDES }), cancelled.signal);
  await upstream.called(3);
  cancelled.abort(new Error("Enough"));
  equal(String((await stalled).thrown), "Error: Enough");
  await upstream.unused();
  upstream.faults();
  equal((await attempt(openai, callOf(credential, { request: TEXT }))).text.length > 0, true);
});

Deno.test("[Z43] what an outline has too much of is cut, and what XML cannot hold is left out", async () => {
  const outline = parseOutline(
    "```json\n" + JSON.stringify({
      title: `A <b>&amp; "bold"\u0000\u000b title\ud800`,
      chapters: Array.from({ length: 60 }, (_, n) => ({
        title: `${n} ${"long ".repeat(100)}`,
        bullets: Array.from({ length: 20 }, (_, m) => `<${m}> & more`),
        notes: "ignored",
      })),
    }) + "\n```\nThere you are.",
  );
  equal(outline.chapters.length, 40);
  ok(outline.chapters.every(({ title, bullets }) => title.length <= 200 && bullets.length === 8));
  const words = await wordsOf(await renderDeck(outline));
  equal(words.length, 41);
  equal(words[0]![0], "A &lt;b&gt;&amp;amp; &quot;bold&quot; title\ufffd");
  equal(words[1]![1], "&lt;0&gt; &amp; more");
});

Deno.test("[Z42] fonts and language are those of the script", async () => {
  const outline = (title: string) => ({ title, chapters: [{ title, bullets: [title] }] });
  const looks = ["About rivers", "关于河流", "川について", "강에 대하여"].map((title) =>
    lookOf(outline(title)).language
  );
  deepEqual(looks, ["en-US", "zh-CN", "ja-JP", "ko-KR"]);
  const archive = await JSZip.loadAsync(await renderDeck(outline("关于河流")));
  const xml = await archive.file("ppt/slides/slide2.xml")!.async("string");
  ok(xml.includes("Microsoft YaHei") && xml.includes('lang="zh-CN"') && xml.includes("关于河流"));
});

Deno.test("[Z42] echo's slides say what was asked for, in its language", async () => {
  const echo = new SlidesFromOutline(new EchoProvider({ tokenMs: 0 }));
  const request: AiRequest = { feature: "slides", prompt: "介绍黄河的历史", pages: 3 };
  const made = await attempt(echo, callOf(CREDENTIAL, { request }));
  const file = made.events.find((event) => event.kind === "file");
  deepEqual(await wordsOf(file!.bytes), [
    ["介绍黄河的历史"],
    ["第 1 部分", "介绍黄河的历史", "要点", "小结", "2"],
    ["第 2 部分", "介绍黄河的历史", "要点", "小结", "3"],
  ]);
});
