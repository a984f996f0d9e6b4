import { type Ai, Barrage, BarrageCallError } from "client/mod.ts";
import { Drafts } from "../chat/drafts.ts";
import { warnOf } from "../shell/alerts.ts";
import { ConnectionPill } from "../shell/connection_pill.ts";
import { clone, find } from "../shell/dom.ts";
import { fitKeyboard } from "../shell/keyboard.ts";
import { OfflineBanner } from "../shell/offline_banner.ts";
import type { Shell } from "../shell/shell.ts";
import { noticeRefusals } from "../shell/site_notice.ts";
import { ask } from "../shell/text_dialog.ts";
import { attempt, toast } from "../shell/toast.ts";
import { fileAddresses } from "./file_addresses.ts";
import { pathOf, type Place, placeOf } from "./place.ts";
import { newId } from "./new_id.ts";
import { refusalWords } from "./talk/words.ts";
import { Talk } from "./talk/talk.ts";
import { ThreadBook } from "./threads/thread_book.ts";
import { ThreadList } from "./threads/thread_list.ts";

/** What other devices have asked is looked for so often, while the page is seen. */
const LOOK_MS = 5_000;
const MODELS_AGAIN_MS = 3_000;

/** The page: conversations on one side, the one that is open on the other; on a phone one after the other. */
export class AiView {
  readonly #shell: Shell;
  readonly #barrage: Barrage;
  readonly #ai: Ai;
  readonly #page: HTMLElement;
  readonly #book: ThreadBook;
  readonly #list: ThreadList;
  readonly #talk: Talk;
  readonly #drafts = new Drafts();
  /** Tells the other tabs that there is something to look at. */
  readonly #tabs = new BroadcastChannel("barrage.ai");
  readonly #offline = new OfflineBanner();
  #place: Place = { kind: "new" };

  constructor(shell: Shell) {
    const { main, account } = shell;
    this.#shell = shell;
    main.replaceChildren(clone("ai-page"));
    this.#page = find(main, ".asks", HTMLElement);
    this.#barrage = new Barrage({ url: location.origin, getToken: (asked) => account.getToken(asked) });
    const ai = this.#ai = this.#barrage.ai;
    this.#book = new ThreadBook(ai, () => this.#list.show(this.#book.threads, this.#book.hasMore));
    this.#list = new ThreadList(find(main, ".people", HTMLElement), {
      open: (id) => this.#go({ kind: "thread", id }),
      forget: (thread) => this.#forget(thread),
      more: () => attempt(() => this.#book.more(), refusalWords),
    });
    this.#talk = new Talk(find(main, ".talk", HTMLElement), {
      ai,
      nextId: newId,
      addressOf: fileAddresses(account),
      begun: (thread) => this.#begun(thread),
      moved: (thread) => this.#moved(thread),
      titled: (title) => this.#titled(title),
    });
  }

  start(): void {
    this.#listen();
    addEventListener("popstate", () => this.#show(placeOf(location.pathname)));
    this.#page.addEventListener("click", (event) => this.#click(event));
    this.#tabs.addEventListener("message", () => this.#look());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#look());
    setInterval(() => !document.hidden && this.#look(), LOOK_MS);
    find(this.#page, ".ai-guest-note", HTMLElement).hidden = this.#shell.account.isMember;
    // Another name is another guest, who has asked nothing yet.
    this.#shell.named.addEventListener("renamed", () => location.assign("/ai"));
    fitKeyboard(this.#page);
    this.#loadModels();
    this.#look();
    this.#show(placeOf(location.pathname));
  }

  #listen(): void {
    const { session } = this.#shell.account;
    const pill = new ConnectionPill(
      find(this.#page, ".pill", HTMLElement),
      find(document, "#announcer", HTMLElement),
      () => this.#barrage.reconnect(),
    );
    this.#barrage.on("state", (state) => {
      pill.show(state);
      this.#offline.show(state.status !== "open" && state.status !== "connecting");
      if (state.status === "open") this.#look();
    });
    this.#barrage.on("alert", warnOf);
    noticeRefusals(this.#barrage);
    session.on("renewed", () => {
      this.#barrage.renew().catch((error: unknown) => console.info("Cannot renew the connection", error));
    });
    addEventListener("online", () => this.#barrage.state.status === "waiting" && this.#barrage.reconnect());
  }

  /** Without models nothing can be asked: it is tried until there is an answer. */
  async #loadModels(): Promise<void> {
    try {
      const models = await this.#ai.models();
      this.#talk.offer(models);
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (error.reason === "forbidden" || error.reason === "unknown_method") {
        return toast(refusalWords(error));
      }
      setTimeout(() => this.#loadModels(), error.retryAfterMs ?? MODELS_AGAIN_MS);
    }
  }

  /** What cannot be had now is looked for again in a moment. */
  async #look(): Promise<void> {
    if (this.#barrage.state.status === "waiting") return;
    try {
      await this.#book.look();
      await this.#talk.look(this.#book.changedAt(this.#talk.thread));
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      const forgotten = error.reason === "not_found" && this.#talk.thread !== undefined;
      if (forgotten && !this.#book.threads.some(({ thread }) => thread === this.#talk.thread)) {
        this.#go({ kind: "new" });
      } else console.info("Cannot look for what is new", error);
    }
  }

  #go(place: Place): void {
    const path = pathOf(place);
    if (path !== location.pathname) history.pushState({ inside: true }, "", path);
    this.#show(place);
  }

  async #show(place: Place): Promise<void> {
    this.#keepDraft();
    this.#place = place;
    this.#setScreen("talk");
    this.#list.opened(place.kind === "thread" ? place.id : undefined);
    this.#talk.draft = this.#drafts.of(pathOf(place));
    if (!matchMedia("(pointer: coarse)").matches) this.#talk.focus();
    if (place.kind === "new") return this.#talk.clear();
    try {
      await this.#talk.open(place.id);
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (this.#place !== place) return;
      const isGone = ["not_found", "forbidden", "invalid_params"].includes(error.reason);
      toast(isGone ? "There is no such conversation" : refusalWords(error));
      if (isGone) this.#go({ kind: "new" });
    }
  }

  #keepDraft(): void {
    this.#drafts.keep(pathOf(this.#place), this.#talk.draft);
  }

  #begun(id: string): void {
    this.#drafts.keep("/ai", "");
    this.#place = { kind: "thread", id };
    history.pushState({ inside: true }, "", pathOf(this.#place));
    this.#list.opened(id);
  }

  #moved(thread: string): void {
    this.#tabs.postMessage({ thread });
    this.#book.look().catch((error: unknown) => console.info("Cannot list conversations", error));
  }

  #forget({ thread, title }: { readonly thread: string; readonly title: string }): void {
    ask({
      title: "Forget this conversation?",
      note: `“${title}” is deleted for good, on all your devices.`,
      action: "Forget",
      danger: true,
      words: refusalWords,
      submit: async () => {
        await this.#book.forget(thread);
        this.#tabs.postMessage({ thread });
        if (this.#talk.thread === thread) this.#go({ kind: "new" });
      },
    });
  }

  #titled(title: string | undefined): void {
    const words = title ?? "New conversation";
    const heading = find(this.#page, ".talk-title", HTMLElement);
    if (heading.textContent === words) return;
    heading.textContent = words;
    document.title = title === undefined ? "AI · Barrage" : `${title} · Barrage`;
  }

  #click(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("[data-new]") !== null) {
      event.preventDefault();
      this.#go({ kind: "new" });
    } else if (event.target.closest(".talk-back") !== null) {
      this.#setScreen("list");
    }
  }

  /** Of the two, a phone shows one. */
  #setScreen(screen: "list" | "talk"): void {
    this.#page.dataset.screen = screen;
    document.body.dataset.screen = screen;
  }
}
