import {
  Barrage,
  BarrageCallError,
  type Chat,
  type ChatConversation,
  type ConversationView,
  IndexedDbOutboxStore,
} from "client/mod.ts";
import { warnOf } from "../shell/alerts.ts";
import { ConnectionPill } from "../shell/connection_pill.ts";
import { clone, find } from "../shell/dom.ts";
import { fitKeyboard } from "../shell/keyboard.ts";
import { OfflineBanner } from "../shell/offline_banner.ts";
import type { Shell } from "../shell/shell.ts";
import { noticeRefusals } from "../shell/site_notice.ts";
import { toast } from "../shell/toast.ts";
import { complaintOf } from "./complaints.ts";
import { Drafts } from "./drafts.ts";
import { ConversationList } from "./list/conversation_list.ts";
import { PeopleWatch } from "./people_watch.ts";
import { pathOf, type Place, placeOf } from "./place.ts";
import { offerToJoin } from "./start/join_group.ts";
import { openNewDialog } from "./start/new_dialog.ts";
import { Talk } from "./talk/talk.ts";

const CHAT_AGAIN_MS = 2_000;

/** The page: the list on one side, what is talked on the other; on a phone one after the other. */
export class ChatView {
  readonly #shell: Shell;
  readonly #me: string | undefined;
  readonly #barrage: Barrage;
  readonly #chat: Chat;
  readonly #page: HTMLElement;
  readonly #list: ConversationList;
  readonly #watch: PeopleWatch;
  readonly #drafts = new Drafts();
  #talk: Talk | undefined;
  readonly #offline = new OfflineBanner();
  /** What was asked for last: an answer to something before it comes too late. */
  #going = 0;

  constructor(shell: Shell) {
    const { main, account } = shell;
    this.#shell = shell;
    this.#me = account.userId;
    main.replaceChildren(clone("chat-page"));
    this.#page = find(main, ".talks", HTMLElement);
    this.#barrage = new Barrage({
      url: location.origin,
      getToken: (asked) => account.getToken(asked),
      chat: { outbox: new IndexedDbOutboxStore() },
    });
    this.#chat = this.#barrage.chat;
    this.#watch = new PeopleWatch(this.#chat);
    this.#list = new ConversationList(find(main, ".people", HTMLElement), {
      me: () => this.#me,
      isOnline: (user) => this.#watch.isOnline(user),
      open: (id) => this.#go({ kind: "conversation", id }),
      inSight: (views) => this.#watch.inSight(views),
    });
  }

  start(): void {
    const { session } = this.#shell.account;
    this.#listen();
    session.on("renewed", () => {
      this.#barrage.renew().catch((error: unknown) => console.info("Cannot renew the connection", error));
    });
    addEventListener("online", () => this.#barrage.state.status === "waiting" && this.#barrage.reconnect());
    // A socket finds out only when it says something.
    addEventListener("offline", () => this.#offline.show(true));
    addEventListener("online", () => this.#offline.show(this.#barrage.state.status !== "open"));
    addEventListener("popstate", () => this.#show(placeOf(location)));
    for (const button of this.#page.querySelectorAll("[data-new]")) {
      button.addEventListener("click", () => this.#new());
    }
    document.addEventListener("keydown", (event) => this.#key(event));
    this.#page.addEventListener("click", (event) => this.#back(event));
    fitKeyboard(this.#page);
    this.#startChat();
  }

  #listen(): void {
    const pill = new ConnectionPill(
      find(this.#page, ".pill", HTMLElement),
      find(document, "#announcer", HTMLElement),
      () => this.#barrage.reconnect(),
    );
    this.#barrage.on("state", (state) => {
      pill.show(state);
      this.#offline.show(state.status !== "open" && state.status !== "connecting");
    });
    this.#barrage.on("alert", warnOf);
    noticeRefusals(this.#barrage);
    this.#chat.on("conversations", (views) => this.#showList(views));
    this.#chat.on("presence", () => this.#list.draw());
    this.#chat.on("asked", ({ conversation, user }) => {
      toast(`${user.name} asks to join “${this.#chat.conversation(conversation).view?.title}”`);
    });
    this.#chat.on("storeFailed", (error) => {
      console.info("Cannot keep unsent messages in this browser", error);
      toast("This browser keeps nothing: stay here until what you write is sent");
    });
    this.#chat.on("failed", (outgoing) => {
      if (outgoing.conversation !== this.#talk?.conversation.id) toast("A message was not sent");
    });
  }

  /** What cannot be reached now is tried again; what was refused is told. */
  async #startChat(): Promise<void> {
    this.#page.dataset.loading = "";
    try {
      await this.#chat.start();
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (this.#chat.state.status === "refused") return toast(complaintOf(error));
      setTimeout(() => this.#startChat(), error.retryAfterMs ?? CHAT_AGAIN_MS);
      return;
    }
    delete this.#page.dataset.loading;
    this.#showList(this.#chat.conversations);
    await this.#show(placeOf(location));
  }

  #showList(views: readonly ConversationView[]): void {
    this.#list.show(views);
    const unread = views.filter((view) => view.unread > 0 && !view.muted && !view.archived).length;
    document.title = unread === 0 ? "Chat · Barrage" : `(${unread}) Chat · Barrage`;
  }

  #go(place: Place): void {
    const path = place.kind === "list"
      ? "/chat"
      : place.kind === "with"
      ? `/chat/with/${place.user}`
      : pathOf(place.id);
    if (path !== location.pathname) history.pushState({ inside: true }, "", path);
    this.#show(place);
  }

  async #show(place: Place): Promise<void> {
    const going = ++this.#going;
    const isCurrent = () => going === this.#going;
    try {
      switch (place.kind) {
        case "list":
          return this.#close();
        case "with": {
          const conversation = await this.#chat.open(place.user);
          if (!isCurrent()) return;
          history.replaceState(history.state, "", pathOf(conversation.id));
          return this.#open(conversation);
        }
        case "conversation": {
          const conversation = this.#chat.conversation(place.id);
          const standing = conversation.view?.standing;
          if (standing !== undefined && standing !== "gone") return this.#open(conversation, place.link);
          await offerToJoin(this.#chat, place.id, place.link, {
            joined: () => this.#opened(conversation),
            declined: () => isCurrent() && this.#go({ kind: "list" }),
          });
        }
      }
    } catch (error) {
      if (!isCurrent()) return;
      toast(complaintOf(error));
      this.#go({ kind: "list" });
    }
  }

  /** What one has just joined is told of in a moment. */
  #opened(conversation: ChatConversation): void {
    if (conversation.view !== undefined) return this.#open(conversation);
    const stop = conversation.on("view", () => {
      stop();
      this.#open(conversation);
    });
  }

  #open(conversation: ChatConversation, link?: string): void {
    if (this.#talk?.conversation === conversation) return void (this.#page.dataset.screen = "talk");
    this.#leave();
    const root = find(this.#page, ".talk-open", HTMLElement);
    root.hidden = false;
    find(this.#page, ".talk-blank", HTMLElement).hidden = true;
    this.#page.dataset.screen = "talk";
    document.body.dataset.screen = "talk";
    this.#talk = new Talk(root, {
      chat: this.#chat,
      conversation,
      link,
      me: this.#me,
      models: async () =>
        (await this.#barrage.ai.models()).filter(({ feature }) => feature === "text")
          .map(({ model }) => model),
      draft: this.#drafts.of(conversation.id),
      openUser: (user) => this.#go({ kind: "with", user }),
      left: () => this.#go({ kind: "list" }),
    });
    this.#list.opened(conversation.id);
    this.#watch.open(conversation.view?.peer?.id);
    this.#talk.focus();
  }

  #leave(): void {
    if (this.#talk !== undefined) this.#drafts.keep(this.#talk.conversation.id, this.#talk.close());
    this.#talk = undefined;
  }

  #close(): void {
    this.#leave();
    const root = find(this.#page, ".talk-open", HTMLElement);
    root.hidden = true;
    root.replaceChildren();
    find(this.#page, ".talk-blank", HTMLElement).hidden = false;
    this.#page.dataset.screen = "list";
    delete document.body.dataset.screen;
    this.#list.opened(undefined);
    this.#watch.open(undefined);
  }

  /** The way back is one step in the history where the page was entered by the list. */
  #back(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest(".talk-back") : null;
    if (link === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { inside } = (history.state ?? {}) as { inside?: boolean };
    if (inside === true) history.back();
    else this.#go({ kind: "list" });
  }

  #new(): void {
    openNewDialog({
      chat: this.#chat,
      me: this.#me,
      openUser: (user) => this.#go({ kind: "with", user }),
      openGroup: (id) => this.#go({ kind: "conversation", id }),
      go: (place) => this.#go(place),
    });
  }

  #key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLElement &&
      event.target.closest("input, textarea, dialog, select");
    const search = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
    if (!search || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    this.#list.search();
  }
}
