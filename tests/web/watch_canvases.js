// Runs in the page before its own scripts: notes what its danmaku canvases show, frame by frame.
const context = CanvasRenderingContext2D.prototype;
const { drawImage, clearRect, fillText } = context;

const words = new WeakMap();
/** What was drawn since a canvas was last cleared, with which a frame begins. */
const frames = new Map();

globalThis.seen = {
  /** What was in flight at least once. */
  texts: [],
  overlaps: [],
  outside: [],
  inFlight: () => [...frames.values()].flat().length,
};

context.fillText = function (text, ...rest) {
  words.set(this.canvas, (words.get(this.canvas) ?? "") + text);
  return fillText.call(this, text, ...rest);
};

context.drawImage = function (sprite, left, top, ...rest) {
  if (this.canvas.closest(".danmaku")) {
    const text = words.get(sprite) ?? "?";
    const shape = {
      text,
      x: left / devicePixelRatio,
      y: top / devicePixelRatio,
      w: sprite.width,
      h: sprite.height,
    };
    if (!seen.texts.includes(text)) seen.texts.push(text);
    if (shape.y < 0 || shape.y + shape.h > this.canvas.clientHeight) {
      seen.outside.push(`${text} at ${shape.y}`);
    }
    frames.get(this.canvas)?.push(shape);
  }
  return drawImage.call(this, sprite, left, top, ...rest);
};

context.clearRect = function (...area) {
  const frame = frames.get(this.canvas) ?? [];
  for (const [i, a] of frame.entries()) {
    for (const b of frame.slice(i + 1)) {
      // A pixel for what the engine rounds.
      const beside = a.x + a.w <= b.x + 1 || b.x + b.w <= a.x + 1;
      const above = a.y + a.h <= b.y || b.y + b.h <= a.y;
      if (!beside && !above) seen.overlaps.push(`${a.text} and ${b.text}`);
    }
  }
  if (this.canvas.closest(".danmaku")) frames.set(this.canvas, []);
  return clearRect.apply(this, area);
};
