import type { AI_TEXT_MAX, Feature } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { find } from "../../shell/dom.ts";
import type { Wish } from "../talk/turn.ts";
import { Choices } from "./choices.ts";

/** The values of the protocol, the first checked by its type; importing them would bring the schemas along. */
const TEXT_MAX: typeof AI_TEXT_MAX = 32_000;
const LENGTH_MAX: Readonly<Record<Feature, number>> = { text: TEXT_MAX, image: 4_000, slides: 8_000 };
const COUNT_FROM = 400;
const HEIGHT_MAX_PX = 180;

export interface ComposerOptions {
  readonly ask: (wish: Wish) => void;
  readonly stop: () => void;
}

/** The box to ask in. Enter asks where there are keys to hold for another line; on a phone the button does. */
export class Composer {
  readonly #form: HTMLFormElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #choices: Choices;
  readonly #options: ComposerOptions;
  #busy = false;

  constructor(form: HTMLFormElement, options: ComposerOptions) {
    this.#form = form;
    this.#options = options;
    this.#input = find(form, "textarea", HTMLTextAreaElement);
    this.#send = find(form, "[type=submit]", HTMLButtonElement);
    this.#stop = find(form, ".ai-stop", HTMLButtonElement);
    this.#choices = new Choices(form, () => this.#show());
    this.#input.addEventListener("input", () => this.#show());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener("click", () => options.stop());
    // A tap on the button must not close the keyboard of a phone.
    this.#send.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#show();
  }

  get text(): string {
    return this.#input.value;
  }

  set text(text: string) {
    this.#input.value = text;
    this.#show();
  }

  get feature(): Feature {
    return this.#choices.feature;
  }

  modelFor(feature: Feature): string | undefined {
    return this.#choices.modelFor(feature);
  }

  offer(models: readonly AiModel[]): void {
    this.#choices.offer(models);
    this.#show();
  }

  /** Asks in these words, as if they had been written here. */
  ask(feature: Feature, text: string): void {
    if (this.#busy) return;
    this.#choices.choose(feature);
    const wish = this.#choices.wish(text);
    if (wish !== undefined) this.#options.ask(wish);
  }

  /** While an answer comes nothing else is asked in this conversation. */
  setBusy(busy: boolean): void {
    if (busy === this.#busy) return;
    const held = [this.#send, this.#stop].some((button) => button === document.activeElement);
    this.#busy = busy;
    this.#show();
    if (held) (busy ? this.#stop : this.#input).focus();
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  #show(): void {
    const length = this.#input.value.trim().length;
    const most = LENGTH_MAX[this.#choices.feature];
    const counter = find(this.#form, ".writer-counter", HTMLElement);
    counter.textContent = length < most - COUNT_FROM ? "" : String(most - length);
    counter.classList.toggle("over", length > most);
    this.#input.setAttribute("aria-invalid", String(length > most));
    this.#input.placeholder = this.#choices.placeholder;
    this.#send.disabled = length === 0 || length > most || !this.#choices.knowsModels;
    this.#send.hidden = this.#busy;
    this.#stop.hidden = !this.#busy;
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(HEIGHT_MAX_PX, this.#input.scrollHeight)}px`;
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !touch) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (event.key === "Escape" && this.#busy) {
      event.preventDefault();
      this.#options.stop();
    }
  }

  #submit(): void {
    if (this.#send.disabled || this.#busy) return;
    const wish = this.#choices.wish(this.#input.value.trim());
    if (wish === undefined) return;
    this.text = "";
    this.#options.ask(wish);
  }
}
