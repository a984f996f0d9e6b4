import { languageOf } from "./continuation.ts";
import type { Outline } from "./outline.ts";

interface Look {
  readonly font: string;
  /** As BCP 47, for whoever checks the spelling. */
  readonly language: string;
}

const LOOKS: readonly (Look & { readonly letters: RegExp })[] = [
  { letters: /[\p{Script=Hiragana}\p{Script=Katakana}]/u, font: "Yu Gothic", language: "ja-JP" },
  { letters: /\p{Script=Hangul}/u, font: "Malgun Gothic", language: "ko-KR" },
];
const CHINESE: Look = { font: "Microsoft YaHei", language: "zh-CN" };
const LATIN: Look = { font: "Calibri", language: "en-US" };

const INK = "1F2A37";
const ACCENT = "2F6FED";

export function lookOf(outline: Outline): Look {
  const text = JSON.stringify(outline);
  const look = LOOKS.find(({ letters }) => letters.test(text));
  return look ?? (languageOf(`${outline.title} ${outline.chapters[0]?.title}`) === "zh" ? CHINESE : LATIN);
}

/** The outline as a presentation: a title, then one slide for each chapter. */
export async function renderDeck(outline: Outline): Promise<Uint8Array> {
  // Loaded when the first deck is made: most servers make none.
  const { default: Presentation } = await import("pptxgenjs");
  // Its types describe a module of another kind than the one that is loaded.
  const deck = new (Presentation as unknown as new () => import("pptxgenjs").default)();
  const { font, language } = lookOf(outline);
  const text = { fontFace: font, lang: language, color: INK } as const;
  deck.layout = "LAYOUT_WIDE";
  deck.title = outline.title;
  deck.theme = { headFontFace: font, bodyFontFace: font };
  const cover = deck.addSlide();
  cover.addShape("rect", { x: 0, y: 0, w: 0.35, h: 7.5, fill: { color: ACCENT } });
  cover.addText(outline.title, {
    ...text,
    ...{ x: 1, y: 2.2, w: 11.3, h: 1.8, fontSize: 40, bold: true, fit: "shrink", valign: "bottom" },
  });
  if (outline.subtitle) {
    cover.addText(outline.subtitle, { ...text, x: 1, y: 4.1, w: 11.3, h: 1, fontSize: 20, valign: "top" });
  }
  for (const [index, chapter] of outline.chapters.entries()) {
    const slide = deck.addSlide();
    slide.addShape("rect", { x: 0, y: 0, w: 13.33, h: 0.12, fill: { color: ACCENT } });
    slide.addText(chapter.title, {
      ...text,
      ...{ x: 0.8, y: 0.5, w: 11.7, h: 1, fontSize: 30, bold: true, fit: "shrink", valign: "middle" },
    });
    if (chapter.bullets.length > 0) {
      slide.addText(
        chapter.bullets.map((bullet) => ({ text: bullet, options: { bullet: true, breakLine: true } })),
        { ...text, ...{ x: 0.8, y: 1.8, w: 11.7, h: 5, fontSize: 20, fit: "shrink", valign: "top" } },
      );
    }
    slide.addText(String(index + 2), {
      ...text,
      ...{ x: 12.3, y: 6.95, w: 0.7, h: 0.4, fontSize: 11, align: "right" },
    });
  }
  return await deck.write({ outputType: "uint8array" }) as Uint8Array;
}
