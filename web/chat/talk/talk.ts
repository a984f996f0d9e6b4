import type { Chat, ChatConversation, ConversationView, ShownMessage } from "client/mod.ts";
import type { Message } from "protocol/chat.ts";
import { showAvatar } from "../../shell/avatar.ts";
import { clone, find, plural } from "../../shell/dom.ts";
import { openMenu } from "../../shell/popup_menu.ts";
import { announce, attempt } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import { ownActions } from "../own_actions.ts";
import { openPanel, type Panel } from "../panel/panel.ts";
import { Thread } from "../thread/thread.ts";
import { messageWords, typingWords } from "../words.ts";
import type { Mentionable } from "../writer/mention_box.ts";
import { type About, Writer, type Written } from "../writer/writer.ts";
import { showClosed } from "./closed.ts";
import { TalkHead } from "./head.ts";
import { messageMenu } from "./message_menu.ts";
import { report } from "./report.ts";

export interface TalkOptions {
  readonly chat: Chat;
  readonly conversation: ChatConversation;
  readonly me: string | undefined;
  /** Names of the models that can be asked. */
  readonly models: () => Promise<readonly string[]>;
  /** Of the join link that led here. */
  readonly link: string | undefined;
  readonly draft: string;
  readonly openUser: (user: string) => void;
  /** One is not in the group any more, and nothing is left to see. */
  readonly left: () => void;
}

/** One conversation on the page. */
export class Talk {
  readonly conversation: ChatConversation;
  readonly #root: HTMLElement;
  readonly #options: TalkOptions;
  readonly #head: TalkHead;
  readonly #thread: Thread;
  readonly #writer: Writer;
  readonly #over = new AbortController();
  #panel: Panel | undefined;

  constructor(root: HTMLElement, options: TalkOptions) {
    const { chat, conversation, me } = options;
    this.#root = root;
    this.#options = options;
    this.conversation = conversation;
    root.replaceChildren(clone("talk"));
    this.#head = new TalkHead(find(root, ".talk-head", HTMLElement), chat);
    this.#thread = new Thread(root, { conversation, me, act: (...what) => this.#act(...what) });
    this.#writer = new Writer(find(root, ".writer", HTMLFormElement), {
      write: (written, about) => this.#write(written, about),
      typing: () => conversation.typing(),
      editLast: () => this.#editLast(),
      people: () => this.#people(),
    });
    this.#writer.restore(options.draft);
    const { signal } = this.#over;
    signal.addEventListener("abort", conversation.on("view", () => this.show()));
    signal.addEventListener("abort", chat.on("presence", () => this.show()));
    signal.addEventListener("abort", chat.on("message", (message) => this.#tell(message)));
    find(root, ".talk-who", HTMLButtonElement).addEventListener("click", () => this.togglePanel());
    const more = find(root, "[data-talk-menu]", HTMLButtonElement);
    more.addEventListener("click", () => this.#menu(more));
    this.show();
    this.#thread.draw();
  }

  /** What was written and not sent. */
  close(): string {
    this.#over.abort();
    this.#thread.close();
    this.#panel?.close();
    return this.#writer.text;
  }

  focus(): void {
    if (!matchMedia("(pointer: coarse)").matches) this.#writer.focus();
  }

  show(): void {
    const { view } = this.conversation;
    if (view === undefined) return;
    if (this.#hasLeft(view)) return this.#options.left();
    this.#head.show(view);
    const closed = showClosed(
      find(this.#root, ".talk-closed", HTMLElement),
      this.conversation,
      view,
      this.#options.link,
    );
    find(this.#root, ".writer", HTMLElement).hidden = closed;
    this.#showAnnouncement(view);
    this.#showEmpty(view);
    const typing = find(this.#root, ".typing", HTMLElement);
    const words = view.kind === "group" ? typingWords(view.typing, view.kind) : "";
    if (typing.textContent !== words) typing.textContent = words;
    this.#panel?.show(view);
  }

  togglePanel(): void {
    if (this.#panel !== undefined) return this.#panel.close();
    const who = find(this.#root, ".talk-who", HTMLButtonElement);
    const { view } = this.conversation;
    if (view === undefined || view.standing !== "member") return;
    who.setAttribute("aria-expanded", "true");
    this.#panel = openPanel(find(this.#root, ".panel", HTMLElement), {
      ...this.#options,
      view,
      closed: () => {
        this.#panel = undefined;
        who.setAttribute("aria-expanded", "false");
        who.focus();
      },
    });
  }

  #hasLeft({ standing, last }: ConversationView): boolean {
    if (standing !== "gone") return false;
    const went = last?.kind === "change" && last.change.what === "left" &&
      last.sender.id === this.#options.me;
    return went || this.conversation.messages.length === 0;
  }

  #showAnnouncement({ group, standing }: ConversationView): void {
    const bar = find(this.#root, ".announcement", HTMLElement);
    const text = standing === "member" ? group?.announcement ?? "" : "";
    bar.hidden = text === "";
    find(bar, "span", HTMLElement).textContent = text;
  }

  #showEmpty({ title, kind, standing, group }: ConversationView): void {
    const empty = find(this.#root, ".thread-empty", HTMLElement);
    empty.hidden = this.conversation.messages.length > 0 || this.conversation.hasOlder;
    if (empty.hidden) return;
    const avatar = find(empty, ".avatar", HTMLElement);
    showAvatar(avatar, title);
    avatar.classList.toggle("group", kind === "group");
    find(empty, ".empty-title", HTMLElement).textContent = title;
    find(empty, ".empty-note", HTMLElement).textContent = standing === "member"
      ? kind === "direct" ? "Nothing said yet. Say hello." : "Nothing said yet."
      : group === undefined
      ? ""
      : `${plural(group.members, "member")} · number ${group.number}`;
  }

  /** What others say here while somebody listens to the page. */
  #tell(message: Message): void {
    if (message.conversation !== this.conversation.id || message.sender.id === this.#options.me) return;
    const words = messageWords(message, this.#options.me);
    announce(message.kind === "change" ? words : `${message.sender.name}: ${words}`);
  }

  async #write(written: Written, about: About | undefined): Promise<boolean> {
    const done = await attempt(
      () =>
        about?.kind === "edit"
          ? this.conversation.edit(about.seq, written)
          : this.conversation.send({ ...written, ...(about !== undefined && { replyTo: about.seq }) }),
      complaintOf,
    );
    if (done && about?.kind !== "edit") await this.#thread.answered();
    return done;
  }

  #act(what: string, shown: ShownMessage, button: HTMLElement, at?: { x: number; y: number }): void {
    if (shown.shown === "outgoing" && what === "retry") return shown.outgoing.retry();
    if (shown.shown === "outgoing" && what === "discard") return void shown.outgoing.discard();
    const { view } = this.conversation;
    if (view === undefined) return;
    const items = messageMenu(this.conversation, view, shown, {
      reply: (message) => this.#about("reply", message),
      edit: (message) => this.#about("edit", message),
      report: ({ seq }) => report((reason, note) => this.conversation.report(seq, reason, note)),
    });
    if (items.length > 0) openMenu(button, items, at);
  }

  #about(kind: About["kind"], message: Message): void {
    const text = messageWords(message, this.#options.me);
    const title = kind === "edit"
      ? "Edit message"
      : `Reply to ${message.sender.id === this.#options.me ? "yourself" : message.sender.name}`;
    const about: About = { kind, seq: message.seq, title, text };
    this.#writer.about(about, message.kind === "sent" ? message.text : undefined);
  }

  #editLast(): void {
    const last = this.conversation.messages.findLast((shown) =>
      shown.shown === "stored" && shown.own && shown.message.kind === "sent"
    );
    if (last?.shown === "stored") this.#about("edit", last.message);
  }

  #menu(button: HTMLElement): void {
    const { view } = this.conversation;
    if (view === undefined) return;
    openMenu(button, [
      ...view.standing === "member"
        ? [{
          icon: view.kind === "group" ? "people" : "person",
          text: view.kind === "group" ? "About the group" : `About ${view.title}`,
          act: () => this.#panel ?? this.togglePanel(),
        }]
        : [],
      ...ownActions(this.conversation, view),
    ]);
  }

  /** The assistant first: it is meant by its name alone. */
  async #people(): Promise<readonly Mentionable[]> {
    if (this.conversation.view?.kind !== "group") return [];
    const { members } = await this.conversation.members({ limit: 1_000 });
    return members.filter(({ user }) => user.id !== this.#options.me)
      .map(({ user, kind }) => ({ ...user, assistant: kind === "assistant" }))
      .sort((a, b) => Number(b.assistant) - Number(a.assistant));
  }
}
