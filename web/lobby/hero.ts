import { Picture } from "../picture/picture.ts";
import { Stage } from "../stage/stage.ts";

/** What the hero shows of a room; decoration, not somebody's words. */
const SAMPLES: readonly (readonly [text: string, count: number, color: string])[] = [
  ["前方高能", 18, "#ffffff"],
  ["hello from Lisbon", 1, "#6ee7a8"],
  ["666", 82, "#ffffff"],
  ["that drop was unreal", 1, "#5ad1ff"],
  ["哈哈哈哈哈", 41, "#ffffff"],
  ["first!", 1, "#ffe066"],
  ["来了来了", 7, "#d08bff"],
  ["encore encore", 26, "#ff9f45"],
  ["this aurora though", 1, "#ffffff"],
  ["主播好厉害", 12, "#fe6b8b"],
  ["good night from Osaka", 1, "#8ea6ff"],
  ["👏👏👏", 33, "#ffffff"],
];
const EVERY_MS = 900;

export function startHero(hero: HTMLElement, picture: HTMLElement, danmaku: HTMLElement): void {
  new Picture(picture, "barrage");
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const stage = new Stage(danmaku, { on: true, area: 1, opacity: 0.55, size: 0.9 }, () => {});
  let next = 0;
  setInterval(() => {
    if (document.hidden || hero.getBoundingClientRect().bottom < 0) return;
    const [text, count, color] = SAMPLES[next++ % SAMPLES.length]!;
    stage.offer({ text, count, color, position: "scroll", own: false });
  }, EVERY_MS);
}
