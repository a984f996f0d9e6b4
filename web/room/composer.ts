import { BarrageCallError } from "client/mod.ts";
import { cleanText, codePoints } from "protocol/text.ts";
import type { SAY_MAX_CODE_POINTS, SayStyle } from "protocol/items.ts";
import type { Position } from "../protocol_types.ts";
import { find, make } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";

/** The value of the protocol's constant, checked by its type; importing it would bring the schema library along. */
const TEXT_MAX: typeof SAY_MAX_CODE_POINTS = 200;
const PATIENCE_MS = 700;

const COLORS: readonly (readonly [name: string, value: string])[] = [
  ["White", "#ffffff"],
  ["Rose", "#fe6b8b"],
  ["Orange", "#ff9f45"],
  ["Yellow", "#ffe066"],
  ["Green", "#6ee7a8"],
  ["Cyan", "#5ad1ff"],
  ["Blue", "#8ea6ff"],
  ["Violet", "#d08bff"],
];

export interface ComposerOptions {
  /** The room's own limit, at most 200. */
  readonly textMax: number;
  readonly send: (text: string, style: SayStyle | undefined) => Promise<void>;
}

/** The send box. What was typed stays until the server has it. */
export class Composer {
  readonly #form: HTMLFormElement;
  readonly #input: HTMLInputElement;
  readonly #counter: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #textMax: number;
  readonly #send: ComposerOptions["send"];
  #sending = false;
  #hintTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(form: HTMLFormElement, { textMax, send }: ComposerOptions) {
    this.#form = form;
    this.#input = find(form, "#say", HTMLInputElement);
    this.#counter = find(form, ".counter", HTMLElement);
    this.#hint = find(form, ".composer-hint", HTMLElement);
    this.#button = find(form, ".send", HTMLButtonElement);
    this.#textMax = Math.min(TEXT_MAX, textMax);
    this.#send = send;
    for (const [index, [name, value]] of COLORS.entries()) addSwatch(form, name, value, index === 0);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => event.key === "Escape" && this.#input.blur());
    document.addEventListener("keydown", (event) => this.#slash(event));
    this.#typed();
  }

  end(note: string): void {
    for (const control of this.#form.elements) control.setAttribute("disabled", "");
    this.#input.placeholder = note;
    this.#say("");
  }

  /** Begins what is typed with a name, as one asks an AI. */
  mention(name: string): void {
    const typed = this.#input.value;
    if (!typed.includes(`@${name}`)) this.#input.value = `@${name} ${typed}`;
    this.#input.focus();
    this.#typed();
  }

  #typed(): void {
    const length = codePoints(cleanText(this.#input.value));
    this.#counter.textContent = `${length}/${this.#textMax}`;
    const tooLong = length > this.#textMax;
    this.#counter.classList.toggle("over", tooLong);
    this.#input.setAttribute("aria-invalid", String(tooLong));
    this.#button.disabled = length === 0 || tooLong;
    if (tooLong) this.#say(`${length - this.#textMax} too many`);
    else if (!this.#sending) this.#say("");
  }

  async #submit(): Promise<void> {
    const typed = this.#input.value;
    const text = cleanText(typed);
    if (this.#sending || text === "" || codePoints(text) > this.#textMax) return;
    this.#sending = true;
    this.#form.dataset.sending = "";
    this.#say("");
    this.#hintTimer = setTimeout(() => this.#say("Sending as soon as the connection is back"), PATIENCE_MS);
    try {
      await this.#send(text, this.#style());
      this.#say("");
      if (this.#input.value === typed) this.#input.value = "";
      this.#typed();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#sending = false;
      delete this.#form.dataset.sending;
    }
  }

  #failed(error: unknown): void {
    const waitMs = error instanceof BarrageCallError ? error.retryAfterMs : undefined;
    if (waitMs === undefined) return this.#say(messageOf(error), "error");
    const until = performance.now() + waitMs;
    const count = () => {
      const left = Math.ceil((until - performance.now()) / 1_000);
      if (left <= 0) return this.#say("");
      this.#say(`${messageOf(error)}: ${left} s`, "error");
      this.#hintTimer = setTimeout(count, 200);
    };
    count();
  }

  #say(text: string, kind: "hint" | "error" = "hint"): void {
    clearTimeout(this.#hintTimer);
    if (this.#hint.textContent !== text) this.#hint.textContent = text;
    this.#hint.dataset.kind = kind;
  }

  #style(): SayStyle | undefined {
    const chosen = new FormData(this.#form);
    const color = String(chosen.get("color"));
    const position = chosen.get("position") as Position;
    const style = {
      ...(color !== COLORS[0]![1] && { color }),
      ...(position !== "scroll" && { position }),
    };
    return Object.keys(style).length > 0 ? style : undefined;
  }

  #slash(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, dialog");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    this.#input.focus();
  }
}

function addSwatch(form: HTMLFormElement, name: string, value: string, checked: boolean): void {
  const label = make("label", "swatch");
  label.title = name;
  const input = make("input", "");
  input.type = "radio";
  input.name = "color";
  input.value = value;
  input.defaultChecked = checked;
  const dot = make("span", "swatch-dot");
  dot.style.backgroundColor = value;
  label.append(input, dot, make("span", "visually-hidden", name));
  find(form, ".swatches", HTMLFieldSetElement).append(label);
}
