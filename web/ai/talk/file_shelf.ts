import type { AiFile, AnswerView } from "protocol/ai.ts";
import { find, icon, make } from "../../shell/dom.ts";
import type { AddressOf } from "../file_addresses.ts";
import { showLarge } from "./large_picture.ts";
import { progressWords, sizeWords } from "./words.ts";

/** The pictures and slide decks of an answer, with their place kept while they are made. */
export class FileShelf {
  readonly element = make("div", "ai-files");
  readonly #about: string;
  readonly #addressOf: AddressOf;
  #shown = "";

  /** @param about What was asked for: the alternative text of pictures. */
  constructor(about: string, addressOf: AddressOf) {
    this.#about = about;
    this.#addressOf = addressOf;
  }

  show(view: AnswerView | undefined): void {
    const files = view?.files ?? [];
    const making = view !== undefined && view.feature !== "text" && view.state === "running";
    const looks = `${making} ${files.map(({ id }) => id).join(" ")}`;
    if (looks !== this.#shown) {
      this.#shown = looks;
      this.element.hidden = !making && files.length === 0;
      const made = files.map((file) =>
        file.type.startsWith("image/") ? this.#picture(file) : this.#card(file)
      );
      this.element.replaceChildren(...made, ...(making && files.length === 0 ? [bench(view)] : []));
    }
    if (making && files.length === 0) this.#progress(view);
  }

  #progress(view: AnswerView): void {
    const words = this.element.querySelector(".ai-making-words");
    const bar = this.element.querySelector("progress");
    if (words !== null) words.textContent = progressWords(view);
    if (bar !== null) bar.value = view.progress ?? 0;
  }

  #picture(file: AiFile): HTMLElement {
    const figure = make("figure", "ai-picture");
    const image = make("img", "");
    image.alt = this.#about;
    image.decoding = "async";
    const broken = () => {
      figure.dataset.broken = "";
      image.alt = `The picture cannot be loaded: ${this.#about}`;
    };
    image.addEventListener("error", broken);
    const link = make("a", "ai-picture-save icon-button");
    link.download = file.name;
    link.title = "Download";
    link.append(icon("download"), make("span", "visually-hidden", "Download this picture"));
    const larger = make("button", "ai-picture-larger");
    larger.type = "button";
    larger.title = "Show larger";
    larger.append(image);
    larger.addEventListener("click", () => showLarge(image.src, this.#about));
    this.#addressOf(file.id).then((address) => {
      image.src = address;
      link.href = address;
    }, broken);
    figure.append(larger, link);
    return figure;
  }

  #card(file: AiFile): HTMLElement {
    const link = make("a", "ai-deck");
    link.download = file.name;
    const words = make("span", "ai-deck-words");
    words.append(
      make("span", "ai-deck-name", this.#about),
      make("span", "ai-deck-about", `${file.name} · ${sizeWords(file.bytes)}`),
    );
    link.append(icon("file"), words, icon("download"), make("span", "visually-hidden", "Download"));
    this.#addressOf(file.id).then((address) => link.href = address, () => {
      find(words, ".ai-deck-about", HTMLElement).textContent = `${file.name} cannot be loaded`;
    });
    return link;
  }
}

function bench(view: AnswerView): HTMLElement {
  const box = make("div", view.feature === "image" ? "ai-picture ai-making" : "ai-deck ai-making");
  const bar = make("progress", "");
  bar.max = 100;
  bar.setAttribute("aria-label", "How far it is");
  box.append(make("p", "ai-making-words"), bar);
  return box;
}
