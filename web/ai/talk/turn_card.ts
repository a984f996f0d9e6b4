import type { AnswerView } from "protocol/ai.ts";
import { icon, make } from "../../shell/dom.ts";
import type { AddressOf } from "../file_addresses.ts";
import { copyText } from "../markdown/code_block.ts";
import { MarkdownText } from "../markdown/markdown_text.ts";
import { FileShelf } from "./file_shelf.ts";
import { isOpen, type Turn, viewOf } from "./turn.ts";
import { endingWords, progressWords, refusalWords, usageWords } from "./words.ts";

export interface CardActions {
  readonly addressOf: AddressOf;
  readonly again: (turn: Turn) => void;
  readonly retry: (turn: Turn) => void;
}

/** A question and its answer in the page. It is made once; what the answer comes to is drawn into it. */
export class TurnCard {
  readonly element = make("li", "ai-turn");
  readonly #answer = make("div", "ai-answer");
  readonly #body = make("div", "markdown");
  readonly #progress = make("p", "ai-progress");
  readonly #seam = make(
    "p",
    "ai-seam",
    "The connection to the model broke once; another one went on from there.",
  );
  readonly #ending = make("p", "ai-ending");
  readonly #endingText = make("span", "");
  readonly #retry = action("again", "Try again");
  readonly #copy = action("copy", "Copy");
  readonly #again = action("again", "Ask again");
  readonly #usage = make("small", "ai-usage");
  readonly #markdown = new MarkdownText(this.#body);
  readonly #files: FileShelf;
  #turn: Turn;

  constructor(turn: Turn, actions: CardActions) {
    this.#turn = turn;
    const question = make("div", "ai-question", turn.question);
    question.setAttribute("dir", "auto");
    this.#files = new FileShelf(turn.question, actions.addressOf);
    // Read out when it is whole, not word by word.
    this.#body.setAttribute("aria-live", "polite");
    this.#body.setAttribute("dir", "auto");
    this.#progress.setAttribute("role", "status");
    this.#ending.append(icon("alert"), this.#endingText, this.#retry);
    const foot = make("div", "ai-foot");
    foot.append(this.#copy, this.#again, this.#usage);
    this.#answer.append(
      ...[this.#body, this.#files.element, this.#progress, this.#seam, this.#ending, foot],
    );
    const heading = make("h3", "visually-hidden", "You asked");
    this.element.append(heading, question, this.#answer);
    this.#copy.addEventListener("click", () => copyText(viewOf(this.#turn)?.text ?? ""));
    this.#again.addEventListener("click", () => actions.again(this.#turn));
    this.#retry.addEventListener("click", () => actions.retry(this.#turn));
  }

  /** @param last Whether it is the one that can be asked again. */
  show(turn: Turn, last: boolean): void {
    this.#turn = turn;
    const view = viewOf(turn);
    const open = isOpen(turn);
    this.element.dataset.answer = turn.id;
    this.element.dataset.state = view?.state ?? turn.asked.status;
    const text = view?.text ?? "";
    this.#body.hidden = text === "";
    this.#body.setAttribute("aria-busy", String(open));
    this.#body.classList.toggle("growing", view?.state === "running");
    this.#markdown.show(text, !open);
    this.#showProgress(turn, view, open);
    this.#files.show(view);
    this.#seam.hidden = !(turn.asked.status === "live" && turn.asked.answer.seams.length > 0);
    this.#showEnding(turn, view, last);
    this.#copy.hidden = open || text === "";
    this.#again.hidden = open || !last || view?.feature !== "text" || view.state === "failed";
    this.#usage.textContent = view === undefined ? "" : usageWords(view);
  }

  #showProgress(turn: Turn, view: AnswerView | undefined, open: boolean): void {
    const words = turn.asked.status === "refused" ? "" : progressWords(view);
    this.#progress.hidden = words === "" || (view?.feature !== undefined && view.feature !== "text" &&
      view.state === "running");
    // Told anew only when it says something else.
    if (this.#progress.textContent !== words) this.#progress.textContent = words;
    this.#answer.dataset.open = String(open);
  }

  #showEnding({ asked }: Turn, view: AnswerView | undefined, last: boolean): void {
    const words = asked.status === "refused" ? refusalWords(asked.error) : view && endingWords(view);
    this.#ending.hidden = words === undefined;
    const failed = asked.status === "refused" || view?.state === "failed";
    this.#ending.dataset.kind = failed ? "failed" : "note";
    this.#ending.setAttribute("role", failed ? "alert" : "note");
    if (this.#endingText.textContent !== (words ?? "")) this.#endingText.textContent = words ?? "";
    this.#retry.hidden = !failed || !last;
  }
}

function action(image: string, text: string): HTMLButtonElement {
  const button = make("button", "ai-action");
  button.type = "button";
  button.append(icon(image), make("span", "", text));
  return button;
}
