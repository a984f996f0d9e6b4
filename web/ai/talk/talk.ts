import type { Ai } from "client/mod.ts";
import type { Feature } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { find } from "../../shell/dom.ts";
import { announce, attempt, toast } from "../../shell/toast.ts";
import type { AddressOf } from "../file_addresses.ts";
import { Composer } from "../composer/composer.ts";
import { EndKeeper } from "./end_keeper.ts";
import { drawExamples } from "./examples.ts";
import { ThreadModel } from "./thread_model.ts";
import { TurnCard } from "./turn_card.ts";
import { isOpen, type Turn, viewOf, type Wish } from "./turn.ts";
import { endingWords, modelsWords, refusalWords } from "./words.ts";

export interface TalkOptions {
  readonly ai: Ai;
  readonly nextId: () => string;
  readonly addressOf: AddressOf;
  /** A new conversation has got its first question. */
  readonly begun: (thread: string) => void;
  readonly moved: (thread: string) => void;
  readonly titled: (title: string | undefined) => void;
}

/** The conversation in the middle of the page, and the box below it. */
export class Talk {
  readonly #options: TalkOptions;
  readonly #turns: HTMLElement;
  readonly #blank: HTMLElement;
  readonly #earlier: HTMLButtonElement;
  readonly #end: EndKeeper;
  readonly #composer: Composer;
  readonly #cards = new Map<string, TurnCard>();
  #model: ThreadModel | undefined;
  #frame = 0;
  #open: string | undefined;

  constructor(root: HTMLElement, options: TalkOptions) {
    this.#options = options;
    this.#turns = find(root, ".ai-turns", HTMLElement);
    this.#blank = find(root, ".ai-blank", HTMLElement);
    this.#earlier = find(root, ".ai-earlier", HTMLButtonElement);
    const jump = find(root, ".jump", HTMLButtonElement);
    this.#end = new EndKeeper(find(root, ".thread-scroll", HTMLElement), (away) => jump.hidden = !away);
    jump.addEventListener("click", () => {
      this.#end.follow();
      this.#composer.focus();
    });
    this.#earlier.addEventListener("click", () => this.#showEarlier());
    this.#composer = new Composer(find(root, ".ai-composer", HTMLFormElement), {
      ask: (wish) => this.#ask(wish),
      stop: () => this.#stop(),
    });
    drawExamples(
      find(root, ".ai-examples", HTMLElement),
      (feature, text) => this.#composer.ask(feature, text),
    );
  }

  get thread(): string | undefined {
    return this.#model?.id;
  }

  get draft(): string {
    return this.#composer.text;
  }

  set draft(text: string) {
    this.#composer.text = text;
  }

  offer(models: readonly AiModel[]): void {
    this.#composer.offer(models);
    const words = modelsWords(models);
    find(this.#blank, ".ai-models-note", HTMLElement).hidden = words === undefined;
    find(this.#blank, ".ai-models-note span", HTMLElement).textContent = words ?? "";
    const offered = new Set<Feature>(models.map(({ feature }) => feature));
    for (const example of this.#blank.querySelectorAll<HTMLButtonElement>("[data-feature]")) {
      example.disabled = !offered.has(example.dataset.feature as Feature);
    }
  }

  /** Shows a conversation that the server has. @throws {BarrageCallError} as `look` does. */
  async open(thread: string): Promise<void> {
    if (this.#model?.id === thread) return;
    this.#leave();
    this.#model = this.#modelOf(thread, false);
    await this.look();
  }

  /** Where a conversation begins. */
  clear(): void {
    this.#leave();
    this.#draw();
  }

  /** @param changedAt When the open conversation changed at the server, if that is known. */
  async look(changedAt?: number): Promise<void> {
    const model = this.#model;
    await model?.look(changedAt);
    if (model === this.#model) this.#draw();
  }

  focus(): void {
    this.#composer.focus();
  }

  #leave(): void {
    this.#model?.close();
    this.#model = undefined;
    this.#open = undefined;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#cards.clear();
    this.#turns.replaceChildren();
    this.#blank.hidden = true;
    this.#end.follow();
  }

  #modelOf(thread: string, fresh: boolean): ThreadModel {
    const { ai, nextId, moved } = this.#options;
    return new ThreadModel({
      ...{ ai, thread, fresh, nextId },
      changed: () => this.#soon(),
      moved: () => moved(thread),
      refused: (error) => toast(refusalWords(error)),
    });
  }

  #ask(wish: Wish): void {
    if (this.#model === undefined) {
      const thread = this.#options.nextId();
      this.#model = this.#modelOf(thread, true);
      this.#options.begun(thread);
    }
    this.#end.follow();
    this.#model.ask(wish);
    this.#draw();
  }

  #stop(): void {
    attempt(async () => await this.#model?.stop(), refusalWords);
  }

  async #showEarlier(): Promise<void> {
    this.#earlier.disabled = true;
    await attempt(async () => await this.#model?.earlier(), refusalWords);
    this.#earlier.disabled = false;
    this.#end.insertAbove(() => this.#draw());
  }

  /** At most once a frame, however many words come. */
  #soon(): void {
    if (this.#frame !== 0) return;
    // A hidden page has no frames.
    if (document.hidden) return this.#draw();
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const turns = this.#model?.turns ?? [];
    const last = turns.at(-1);
    this.#blank.hidden = this.#model !== undefined;
    this.#earlier.hidden = this.#model?.hasEarlier !== true;
    this.#drawCards(turns, last);
    this.#options.titled(this.#model?.title);
    const open = this.#model?.open;
    this.#composer.setBusy(open !== undefined);
    this.#tell(turns, open);
    this.#end.keep();
  }

  #drawCards(turns: readonly Turn[], last: Turn | undefined): void {
    const kept = new Set(turns.map(({ id }) => id));
    for (const [id, card] of this.#cards) {
      if (kept.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    let behind = this.#turns.firstElementChild;
    for (const turn of turns) {
      const card = this.#card(turn);
      card.show(turn, turn === last);
      if (behind === card.element) behind = behind.nextElementSibling;
      else this.#turns.insertBefore(card.element, behind);
    }
  }

  #card(turn: Turn): TurnCard {
    let card = this.#cards.get(turn.id);
    if (card === undefined) {
      card = new TurnCard(turn, {
        addressOf: this.#options.addressOf,
        again: (one) => this.#again(() => this.#model?.again(one, this.#composer.modelFor("text"))),
        retry: (one) => this.#again(() => this.#model?.retry(one, this.#composer.modelFor("text"))),
      });
      this.#cards.set(turn.id, card);
    }
    return card;
  }

  #again(act: () => void): void {
    if (this.#model?.open !== undefined) return;
    this.#end.follow();
    act();
    this.#draw();
    // The button that was pressed is gone.
    this.#composer.focus();
  }

  /** Those who listen to the page hear when an answer has ended. */
  #tell(turns: readonly Turn[], open: Turn | undefined): void {
    const before = turns.find(({ id }) => id === this.#open);
    if (before !== undefined && !isOpen(before)) {
      const view = viewOf(before);
      announce(view === undefined ? "" : endingWords(view) ?? "The answer is complete");
    }
    this.#open = open?.id;
  }
}
