import { find } from "../shell/dom.ts";
import { isRecord, load, save } from "../shell/saved.ts";
import type { StageSettings } from "../stage/stage.ts";

const DEFAULTS: StageSettings = { on: true, area: 0.5, opacity: 0.9, size: 1 };

/** The viewer's choices about danmaku, remembered by the browser. */
export class DisplayControls {
  readonly #player: HTMLElement;
  readonly #changed: (settings: StageSettings) => void;
  #settings: StageSettings = load("display", isSettings) ?? DEFAULTS;

  constructor(player: HTMLElement, changed: (settings: StageSettings) => void) {
    this.#player = player;
    this.#changed = changed;
    const panel = find(player, ".display-panel", HTMLFormElement);
    for (const name of ["area", "size"] as const) {
      for (const input of panel.querySelectorAll<HTMLInputElement>(`input[name=${name}]`)) {
        input.checked = Number(input.value) === this.#settings[name];
        input.addEventListener("change", () => this.#set({ [name]: Number(input.value) }));
      }
    }
    const opacity = find(panel, "input[name=opacity]", HTMLInputElement);
    opacity.valueAsNumber = this.#settings.opacity;
    opacity.addEventListener("input", () => this.#set({ opacity: opacity.valueAsNumber }));
    find(player, "[data-toggle]", HTMLButtonElement).addEventListener(
      "click",
      () => this.#set({ on: !this.#settings.on }),
    );
    panel.addEventListener("submit", (event) => event.preventDefault());
    panel.addEventListener("toggle", () => placeAbove(panel, find(player, "[data-settings]", HTMLElement)));
    this.#show();
  }

  get settings(): StageSettings {
    return this.#settings;
  }

  #set(change: Partial<StageSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    save("display", this.#settings);
    this.#show();
    this.#changed(this.#settings);
  }

  #show(): void {
    find(this.#player, "[data-toggle]", HTMLElement).setAttribute("aria-pressed", String(this.#settings.on));
  }
}

/** Popovers live in the top layer, outside the player's box, so their place is worked out by hand. */
function placeAbove(panel: HTMLElement, button: HTMLElement): void {
  const { top, right } = button.getBoundingClientRect();
  panel.style.right = `${Math.max(12, innerWidth - right - 44)}px`;
  panel.style.bottom = `${innerHeight - top + 12}px`;
}

function isSettings(value: unknown): value is StageSettings {
  return isRecord(value) && typeof value.on === "boolean" &&
    [value.area, value.opacity, value.size].every((part) =>
      typeof part === "number" && part > 0 && part <= 2
    );
}
