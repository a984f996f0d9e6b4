import type { Assistant } from "protocol/assistants.ts";
import { clone, find } from "../shell/dom.ts";
import { ask } from "../shell/text_dialog.ts";
import { toast } from "../shell/toast.ts";

export interface AssistantSetting {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  readonly enabled: boolean;
}

export interface AssistantFormOptions {
  /** As those see it who set it. */
  readonly read: () => Promise<Assistant & { readonly instructions?: string | undefined } | undefined>;
  readonly set: (setting: AssistantSetting) => Promise<unknown>;
  readonly remove: () => Promise<unknown>;
  /** Names of the models that can be asked. */
  readonly models: () => Promise<readonly string[]>;
  /** A failure in words. */
  readonly words: (error: unknown) => string;
}

/** Where those who may say which AI answers here, and how. */
export class AssistantForm {
  readonly #section: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #options: AssistantFormOptions;
  /** What is filled in, so that what somebody writes is not written over by what changed elsewhere. */
  #filled: string | undefined;

  constructor(section: HTMLElement, options: AssistantFormOptions) {
    section.append(clone("assistant-form"));
    this.#section = section;
    this.#form = find(section, "form", HTMLFormElement);
    this.#options = options;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    find(section, "[data-remove]", HTMLButtonElement).addEventListener("click", () => this.#remove());
  }

  /** @param may Whether who looks at it may change it; others do not see it. */
  show(may: boolean, assistant: Assistant | undefined): void {
    const filled = may ? JSON.stringify(assistant ?? null) : undefined;
    if (filled === this.#filled) return;
    this.#filled = filled;
    if (may) this.#fill();
    else this.#section.hidden = true;
  }

  async #fill(): Promise<void> {
    const { read, models } = this.#options;
    try {
      const [assistant, names] = await Promise.all([read(), models()]);
      const select = this.#field("model", HTMLSelectElement);
      const offered = assistant === undefined || names.includes(assistant.model)
        ? names
        : [assistant.model, ...names];
      select.replaceChildren(...offered.map((name) => new Option(name)));
      if (assistant !== undefined) select.value = assistant.model;
      this.#field("name", HTMLInputElement).value = assistant?.name ?? "";
      this.#field("instructions", HTMLTextAreaElement).value = assistant?.instructions ?? "";
      this.#field("enabled", HTMLInputElement).checked = assistant?.enabled ?? true;
      find(this.#section, "[data-remove]", HTMLButtonElement).hidden = assistant === undefined;
      // Without models there is nothing to set, but perhaps something to remove.
      this.#section.hidden = offered.length === 0;
    } catch (error) {
      console.info("Cannot show the assistant", error);
    }
  }

  async #save(): Promise<void> {
    const error = find(this.#form, ".form-error", HTMLElement);
    const button = find(this.#form, "button[type=submit]", HTMLButtonElement);
    error.textContent = "";
    button.disabled = true;
    try {
      await this.#options.set({
        name: this.#field("name", HTMLInputElement).value,
        model: this.#field("model", HTMLSelectElement).value,
        instructions: this.#field("instructions", HTMLTextAreaElement).value,
        enabled: this.#field("enabled", HTMLInputElement).checked,
      });
      toast("The assistant is set");
    } catch (failure) {
      error.textContent = this.#options.words(failure);
    } finally {
      button.disabled = false;
    }
  }

  #remove(): void {
    ask({
      title: "Remove the assistant?",
      note: "What it has said stays. It answers nobody any more.",
      action: "Remove",
      danger: true,
      words: this.#options.words,
      submit: async () => void await this.#options.remove(),
    });
  }

  #field<T extends HTMLElement>(name: string, type: new () => T): T {
    return find(this.#form, `[name=${name}]`, type);
  }
}
