import { FixedLanes, ScrollLanes } from "./lanes.ts";
import { emphasis, type Shot } from "./shot.ts";
import { type Sprite, Sprites } from "./sprites.ts";
import { Waiting } from "./waiting.ts";

export interface StageSettings {
  readonly on: boolean;
  /** Share of the picture that danmaku may cover. */
  readonly area: number;
  readonly opacity: number;
  /** Factor on the font size. */
  readonly size: number;
}

interface Flight {
  readonly sprite: Sprite;
  readonly position: Shot["position"];
  readonly startedAt: number;
  readonly y: number;
}

const HOLD_MS = 4_000;
/** Height of the bar at the bottom of the player, which nothing may cover. */
const CONTROLS_PX = 56;
const TOP_PX = 4;
/** Up to this factor on the font a danmaku fits into the height of one lane. */
const LARGEST_IN_ONE_LANE = 1.14;
const WAITING_MAX = 64;
const FLIGHTS_MAX = 240;
/** Launches draw text, the dearest thing here; the rest waits for the next frame. */
const LAUNCHES_PER_FRAME = 6;

/** Danmaku over a picture. Work per frame is bounded whatever arrives: what has no lane waits briefly, then is counted. */
export class Stage {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #notShown: (count: number) => void;
  readonly #waiting = new Waiting(WAITING_MAX);
  #settings: StageSettings;
  #flights: Flight[] = [];
  #width = 0;
  #height = 0;
  #lanePx = 1;
  #pxPerMs = 1;
  #lanes = lanesFor(0, 1);
  #sprites = new Sprites({ fontPx: 24, pixelRatio: 1 });
  /** Nothing was drawn in the last frame. */
  #blank = false;

  constructor(canvas: HTMLCanvasElement, settings: StageSettings, notShown: (count: number) => void) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d")!;
    this.#settings = settings;
    this.#notShown = notShown;
    new ResizeObserver(() => this.#layOut()).observe(canvas);
    this.#layOut();
    requestAnimationFrame((now) => this.#draw(now));
  }

  /** `inMs` delays the launch, so that the danmaku of one tick do not all start in the same instant. */
  offer(shot: Shot, inMs = 0): void {
    if (this.#settings.on && !document.hidden) this.#waiting.offer(shot, performance.now() + inMs);
  }

  configure(settings: StageSettings): void {
    this.#settings = settings;
    if (!settings.on) {
      this.#flights = [];
      this.#waiting.clear();
      this.#waiting.takeNotShown();
    }
    this.#layOut();
  }

  #layOut(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const pixelRatio = Math.min(2, devicePixelRatio);
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * pixelRatio);
    this.#canvas.height = Math.round(clientHeight * pixelRatio);
    this.#canvas.style.opacity = String(this.#settings.opacity);
    const fontPx = Math.max(13, Math.min(30, clientWidth / 42)) * this.#settings.size;
    this.#lanePx = Math.ceil(fontPx * 1.6);
    this.#pxPerMs = clientWidth / (5_000 + Math.min(4_000, clientWidth * 3));
    this.#sprites = new Sprites({ fontPx, pixelRatio });
    const lanes = Math.max(1, Math.floor((clientHeight * this.#settings.area) / this.#lanePx));
    this.#lanes = lanesFor(lanes, this.#pxPerMs);
    this.#flights = this.#flights.filter((flight) => flight.y < clientHeight);
  }

  #draw(now: number): void {
    requestAnimationFrame((next) => this.#draw(next));
    if (this.#waiting.size === 0 && this.#flights.length === 0 && this.#blank) return;
    const context = this.#context;
    const scale = this.#canvas.width / Math.max(1, this.#width);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    this.#lanes.scroll.release();
    this.#waiting.launch(now, LAUNCHES_PER_FRAME, (shot) => this.#launch(shot, now));
    const missed = this.#waiting.takeNotShown();
    if (missed > 0) this.#notShown(missed);
    this.#flights = this.#flights.filter((flight) => now - flight.startedAt < this.#lifetime(flight));
    for (const flight of this.#flights) if (flight.position === "scroll") this.#drawMoving(flight, now);
    for (const flight of this.#flights) if (flight.position !== "scroll") this.#drawStanding(flight, now);
    this.#blank = this.#flights.length === 0;
  }

  #launch(shot: Shot, now: number): boolean {
    if (this.#flights.length >= FLIGHTS_MAX) return false;
    const span = emphasis(shot.count) > LARGEST_IN_ONE_LANE ? 2 : 1;
    const lanes = this.#lanes[shot.position];
    const lane = lanes.free(now, span);
    if (lane === undefined) {
      if (span > 1 && shot.position === "scroll") this.#lanes.scroll.reserve(span);
      return false;
    }
    const sprite = this.#sprites.get(shot);
    lanes.take(lane, span, now, sprite.width);
    const y = this.#laneTop(shot.position, lane, span) + (span * this.#lanePx - sprite.height) / 2;
    this.#flights.push({ sprite, position: shot.position, startedAt: now, y });
    return true;
  }

  #laneTop(position: Shot["position"], lane: number, span: number): number {
    if (position === "bottom") return this.#height - CONTROLS_PX - (lane + span) * this.#lanePx;
    return lane * this.#lanePx + TOP_PX;
  }

  #lifetime(flight: Flight): number {
    return flight.position === "scroll" ? (this.#width + flight.sprite.width) / this.#pxPerMs : HOLD_MS;
  }

  #drawMoving({ sprite, startedAt, y }: Flight, now: number): void {
    const x = this.#width - (now - startedAt) * this.#pxPerMs;
    this.#context.drawImage(sprite.bitmap, x, y, sprite.width, sprite.height);
  }

  #drawStanding({ sprite, startedAt, y }: Flight, now: number): void {
    const age = now - startedAt;
    const width = Math.min(sprite.width, this.#width * 0.94);
    const height = sprite.height * (width / sprite.width);
    this.#context.globalAlpha = Math.min(1, age / 160, (HOLD_MS - age) / 240);
    this.#context.drawImage(sprite.bitmap, (this.#width - width) / 2, y, width, height);
    this.#context.globalAlpha = 1;
  }
}

function lanesFor(lanes: number, pxPerMs: number) {
  const standing = { lanes: Math.max(1, Math.floor(lanes / 2)), holdMs: HOLD_MS };
  return {
    scroll: new ScrollLanes({ lanes, pxPerMs }),
    top: new FixedLanes(standing),
    bottom: new FixedLanes(standing),
  };
}
