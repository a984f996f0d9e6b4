import { BarrageCallError } from "client/mod.ts";
import type { Attachment, CHAT_TEXT_MAX } from "protocol/chat.ts";
import { codePoints } from "protocol/text.ts";
import { find, icon, make } from "../../shell/dom.ts";
import { ask } from "../../shell/text_dialog.ts";
import { attachmentWords } from "../words.ts";
import { attachmentOf } from "./attachment_of.ts";
import { type Mentionable, MentionBox } from "./mention_box.ts";

/** The values of the protocol's constants, the first checked by its type; importing them would bring the schemas along. */
const TEXT_MAX: typeof CHAT_TEXT_MAX = 4_000;
const ATTACHMENTS_MAX = 10;
const COUNT_FROM = TEXT_MAX - 400;
const HEIGHT_MAX_PX = 180;

/** What the next message is about. */
export type About =
  | { readonly kind: "reply"; readonly seq: number; readonly title: string; readonly text: string }
  | { readonly kind: "edit"; readonly seq: number; readonly title: string; readonly text: string };

export interface Written {
  readonly text?: string;
  readonly attachments?: readonly Attachment[];
  readonly mentions?: readonly string[];
}

export interface WriterOptions {
  /** Whether it was taken. */
  readonly write: (written: Written, about: About | undefined) => Promise<boolean>;
  readonly typing: () => void;
  /** Nothing is written, and the last message of one's own is asked for. */
  readonly editLast: () => void;
  readonly people: () => Promise<readonly Mentionable[]>;
}

/** The box to write in. Enter sends where there are keys to hold for another line; on a phone the button does. */
export class Writer {
  readonly #form: HTMLFormElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #mentions: MentionBox;
  readonly #options: WriterOptions;
  #about: About | undefined;
  #files: readonly Attachment[] = [];
  /** What stood here before somebody began to edit. */
  #aside = "";

  constructor(form: HTMLFormElement, options: WriterOptions) {
    this.#form = form;
    this.#options = options;
    this.#input = find(form, "textarea", HTMLTextAreaElement);
    this.#send = find(form, ".writer-send", HTMLButtonElement);
    this.#mentions = new MentionBox(find(form, ".mention-box", HTMLElement), this.#input, options.people);
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    find(form, "[data-forget]", HTMLButtonElement).addEventListener("click", () => this.about(undefined));
    find(form, "[data-attach]", HTMLButtonElement).addEventListener("click", () => this.#attach());
    find(form, ".writer-files", HTMLElement).addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
      if (button !== null) this.#keepFiles(this.#files.filter((_, i) => i !== Number(button.dataset.index)));
    });
    // A tap on the button must not close the keyboard of a phone.
    this.#send.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#show();
  }

  get text(): string {
    return this.#about?.kind === "edit" ? this.#aside : this.#input.value;
  }

  /** What was left here unfinished. */
  restore(text: string): void {
    this.#input.value = text;
    this.#show();
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  /** Begins an answer or an edit; undefined goes back. */
  about(about: About | undefined, text?: string): void {
    if (this.#about?.kind === "edit") this.#input.value = this.#aside;
    this.#about = about;
    if (about?.kind === "edit") {
      this.#aside = this.#input.value;
      this.#input.value = text ?? "";
      this.#keepFiles([]);
    }
    const bar = find(this.#form, ".writer-about", HTMLElement);
    bar.hidden = about === undefined;
    if (about !== undefined) {
      bar.querySelector("svg")?.replaceWith(icon(about.kind === "reply" ? "reply" : "edit"));
      find(bar, ".writer-about-title", HTMLElement).textContent = about.title;
      find(bar, ".writer-about-text", HTMLElement).textContent = about.text;
    }
    this.#show();
    this.focus();
  }

  #typed(): void {
    if (this.#input.value !== "" && this.#about?.kind !== "edit") this.#options.typing();
    this.#mentions.typed().catch((error: unknown) => console.info("Cannot offer members", error));
    this.#show();
  }

  #show(): void {
    const length = codePoints(this.#input.value.trim());
    const counter = find(this.#form, ".writer-counter", HTMLElement);
    counter.textContent = length < COUNT_FROM ? "" : String(TEXT_MAX - length);
    counter.classList.toggle("over", length > TEXT_MAX);
    this.#input.setAttribute("aria-invalid", String(length > TEXT_MAX));
    this.#send.disabled = length > TEXT_MAX || (length === 0 && this.#files.length === 0);
    this.#send.setAttribute("aria-label", this.#about?.kind === "edit" ? "Save" : "Send");
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(HEIGHT_MAX_PX, this.#input.scrollHeight)}px`;
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing || this.#mentions.key(event)) return;
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !touch) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (event.key === "Escape" && this.#about !== undefined) {
      event.preventDefault();
      this.about(undefined);
    } else if (event.key === "ArrowUp" && this.#input.value === "" && this.#about === undefined) {
      event.preventDefault();
      this.#options.editLast();
    }
  }

  async #submit(): Promise<void> {
    if (this.#send.disabled) return;
    const [typed, text, files, about] = [
      this.#input.value,
      this.#input.value.trim(),
      this.#files,
      this.#about,
    ];
    const mentions = this.#mentions.mentions(text);
    const written: Written = {
      ...(text !== "" && { text }),
      ...(files.length > 0 && { attachments: files }),
      ...(mentions.length > 0 && { mentions }),
    };
    // It stands among the messages from now on, or here again if it cannot.
    this.#input.value = "";
    this.#mentions.clear();
    this.#keepFiles([]);
    this.about(undefined);
    if (await this.#options.write(written, about) || this.#input.value !== "") return;
    if (about !== undefined) this.about(about);
    this.#input.value = typed;
    this.#keepFiles(files);
  }

  #attach(): void {
    ask({
      title: "Attach a link",
      note:
        "To a picture or file that lies somewhere on the web. It is opened when somebody wants to see it.",
      action: "Attach",
      input: { label: "Address", value: "", maxLength: 2_048 },
      submit: (text) => {
        const attachment = attachmentOf(text);
        if (attachment === undefined) {
          throw new BarrageCallError("invalid_params", "That is no https:// address");
        }
        this.#keepFiles([...this.#files, attachment].slice(0, ATTACHMENTS_MAX));
        return Promise.resolve();
      },
      closed: () => this.focus(),
    });
  }

  #keepFiles(files: readonly Attachment[]): void {
    this.#files = files;
    find(this.#form, ".writer-files", HTMLElement).replaceChildren(...files.map((file, index) => {
      const item = make("li", "writer-file");
      const remove = make("button", "icon-button");
      remove.type = "button";
      remove.dataset.index = String(index);
      remove.setAttribute("aria-label", `Remove ${attachmentWords(file)}`);
      remove.append(icon("close"));
      item.append(
        icon(file.type === "image" ? "image" : "file"),
        make("span", "", attachmentWords(file)),
        remove,
      );
      return item;
    }));
    this.#show();
  }
}
