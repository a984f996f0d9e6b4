import { Gate } from "./gate.ts";
import type { Mode } from "./lanes.ts";
import { Layer } from "./layer.ts";
import type { Shot } from "./shot.ts";
import { Sprites } from "./sprites.ts";

interface Flight {
  readonly layer: Layer;
  readonly gate: Gate;
}

const MODES = { scroll: "rtl", top: "top", bottom: "bottom" } as const satisfies Record<
  Shot["position"],
  Mode
>;
const STANDING_SECONDS = 4;

/** Two layers of danmaku, laid out for one size of the picture and of the font. What stands is above what crosses. */
export class Scene {
  readonly width: number;
  readonly height: number;
  readonly #sprites: Sprites;
  readonly #crossing: Flight;
  readonly #standing: Flight;

  constructor(element: HTMLElement, settings: { size: number; area: number }) {
    this.width = element.clientWidth;
    this.height = element.clientHeight;
    const fontPx = Math.max(13, Math.min(30, this.width / 42)) * settings.size;
    const lanePx = Math.ceil(fontPx * 1.6);
    this.#sprites = new Sprites({ fontPx, height: lanePx, standingMax: this.width * 0.94 });
    const seconds = 6 + Math.min(4.8, this.width * 0.0036);
    this.#crossing = flight(new Layer(element, { className: "crossing", lanePx, seconds }));
    this.#standing = flight(new Layer(element, { className: "standing", lanePx, seconds: STANDING_SECONDS }));
    this.limit(settings.area);
  }

  /** To a share of the picture. */
  limit(area: number): void {
    const { lanePx, width } = this.#crossing.layer.field;
    const wanted = width === 0 ? 0 : Math.max(1, Math.floor(this.height * area / lanePx));
    this.#crossing.gate.limit(Math.min(wanted, lanesOf(this.#crossing.layer)));
    this.#standing.gate.limit(Math.min(Math.ceil(wanted / 2), lanesOf(this.#standing.layer)));
  }

  /** Nothing flies and nothing is about to. */
  get empty(): boolean {
    return this.#crossing.gate.empty && this.#standing.gate.empty;
  }

  /** Begins a frame. @returns what was launched and never shown. */
  begin(): Shot[] {
    return [this.#crossing, this.#standing].flatMap(({ gate, layer }) => {
      const missed = gate.begin();
      if (gate.empty) layer.rest();
      return missed ?? [];
    });
  }

  launch(shot: Shot, now: number): boolean {
    const { gate, layer } = shot.position === "scroll" ? this.#crossing : this.#standing;
    const mode = MODES[shot.position];
    if (!gate.admits(shot, mode, (one) => this.#sprites.widthOf(one), now)) return false;
    layer.launch(mode, this.#sprites.get(shot));
    return true;
  }

  /** @returns what was launched and never shown. */
  destroy(): Shot[] {
    const missed = this.begin();
    for (const { gate, layer } of [this.#crossing, this.#standing]) {
      if (gate.passing) missed.push(gate.passing);
      layer.destroy();
    }
    return missed;
  }
}

function flight(layer: Layer): Flight {
  return { layer, gate: new Gate(layer) };
}

/** The engine begins again at the edge where a lane would end on or beyond the other edge. */
function lanesOf({ field: { height, lanePx } }: Layer): number {
  return Math.max(0, Math.ceil(height / lanePx) - 1);
}
