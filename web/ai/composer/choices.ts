import type { Feature } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { find, make } from "../../shell/dom.ts";
import { isRecord, load, save } from "../../shell/saved.ts";
import type { Wish } from "../talk/turn.ts";

interface Choice {
  readonly feature: Feature;
  /** The last one chosen of each feature. */
  readonly models: Readonly<Partial<Record<Feature, string>>>;
}

const NAMES: Readonly<Record<Feature, string>> = {
  text: "Ask anything",
  image: "Describe a picture",
  slides: "What are the slides about?",
};

/** What to make, and with which model; kept for the next time. */
export class Choices {
  readonly #form: HTMLElement;
  readonly #changed: () => void;
  #models: readonly AiModel[] = [];
  #choice: Choice = load("ai", isChoice) ?? { feature: "text", models: {} };

  constructor(form: HTMLElement, changed: () => void) {
    this.#form = form;
    this.#changed = changed;
    for (const input of this.#features) {
      input.addEventListener("change", () => this.#keep({ feature: input.value as Feature }));
    }
    const select = this.#select("#model");
    select.addEventListener("change", () => {
      this.#keep({ models: { ...this.#choice.models, [this.feature]: select.value } });
    });
    this.#show();
  }

  get feature(): Feature {
    return this.#choice.feature;
  }

  /** What is asked for such an answer; undefined while no model for it is known. */
  modelFor(feature: Feature): string | undefined {
    const names = this.#namesFor(feature);
    const chosen = this.#choice.models[feature];
    if (chosen !== undefined && names.includes(chosen)) return chosen;
    // As the server has it: what the operators brought goes before what is built in.
    return names.find((name) => name !== "echo") ?? names[0];
  }

  get placeholder(): string {
    return NAMES[this.feature];
  }

  get knowsModels(): boolean {
    return this.#models.length > 0;
  }

  /** A wish in these words, as it is chosen now. */
  wish(text: string): Wish | undefined {
    const { feature } = this;
    const model = this.modelFor(feature);
    if (model === undefined) return undefined;
    switch (feature) {
      case "text":
        return { feature, model, text };
      case "image": {
        const [width = 1_024, height = 1_024] = this.#select("#shape").value.split("x").map(Number);
        return { feature, model, text, width, height };
      }
      case "slides":
        return { feature, model, text, pages: Number(this.#select("#pages").value) };
    }
  }

  offer(models: readonly AiModel[]): void {
    this.#models = models;
    this.#show();
  }

  choose(feature: Feature): void {
    this.#keep({ feature });
  }

  get #features(): readonly HTMLInputElement[] {
    return [...this.#form.querySelectorAll<HTMLInputElement>("input[name=feature]")];
  }

  #namesFor(feature: Feature): readonly string[] {
    return this.#models.filter((model) => model.feature === feature).map(({ model }) => model);
  }

  #select(selector: string): HTMLSelectElement {
    return find(this.#form, selector, HTMLSelectElement);
  }

  #keep(change: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...change };
    save("ai", this.#choice);
    this.#show();
    this.#changed();
  }

  #show(): void {
    const offered = new Set(this.#models.map(({ feature }) => feature));
    if (this.#models.length > 0 && !offered.has(this.feature)) {
      this.#choice = { ...this.#choice, feature: this.#models[0]?.feature ?? "text" };
    }
    for (const input of this.#features) {
      input.checked = input.value === this.feature;
      input.disabled = this.#models.length > 0 && !offered.has(input.value as Feature);
    }
    const names = this.#namesFor(this.feature);
    const select = this.#select("#model");
    select.replaceChildren(...names.map((name) => {
      const option = make("option", "", name);
      option.value = name;
      return option;
    }));
    select.value = this.modelFor(this.feature) ?? "";
    select.hidden = names.length === 0;
    this.#select("#shape").hidden = this.feature !== "image";
    this.#select("#pages").hidden = this.feature !== "slides";
  }
}

function isChoice(value: unknown): value is Choice {
  return isRecord(value) && ["text", "image", "slides"].includes(String(value.feature)) &&
    isRecord(value.models) && Object.values(value.models).every((name) => typeof name === "string");
}
