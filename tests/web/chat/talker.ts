import type { BrowserContextOptions, Locator } from "playwright-core";
import { Barrage, type Chat, register } from "client/mod.ts";
import { type BrowserLike, Visitor } from "tests/support/browser.ts";
import { CHEAP, PASSWORD } from "tests/support/cookie_client.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";
import { Profiles } from "../profiles.ts";

/** One person at the chat page. */
export class Talker {
  /** @param suffix What logins have behind the names, so that each test may have people called alike. */
  private constructor(readonly visitor: Visitor, readonly url: string, readonly suffix: string) {}

  static async open(
    browser: BrowserLike,
    url: string,
    name: string,
    options: BrowserContextOptions = {},
    suffix = "",
  ): Promise<Talker> {
    const visitor = await Visitor.open(browser, { locale: "en-GB", ...options });
    await visitor.register(url, name + suffix, name);
    const talker = new Talker(visitor, url, suffix);
    await talker.go("/chat");
    return talker;
  }

  get page() {
    return this.visitor.page;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.page.locator(".talks:not([data-loading])").waitFor();
  }

  /** Begins a conversation, or goes to the one there is, by the dialog for that. */
  async writeTo(name: string): Promise<void> {
    await this.page.locator(".people-head [data-new]").click();
    await this.page.fill("#person", name + this.suffix);
    await this.page.press("#person", "Enter");
    await this.page.locator(".talk-title", { hasText: name }).waitFor();
  }

  row(title: string): Locator {
    return this.page.locator(".row", { hasText: title });
  }

  async select(title: string): Promise<void> {
    await this.row(title).click();
    await this.page.locator(".talk-title", { hasText: title }).waitFor();
  }

  async type(text: string): Promise<void> {
    await this.page.fill("#write", text);
    await this.page.press("#write", "Enter");
  }

  /** Says something and waits until the server has it. */
  async say(text: string): Promise<void> {
    await this.type(text);
    await this.stored(text).waitFor();
  }

  bubble(text: string): Locator {
    return this.page.locator(".line", { hasText: text });
  }

  stored(text: string): Locator {
    return this.page.locator(".line[data-seq]", { hasText: text }).last();
  }

  async sees(text: string): Promise<void> {
    await this.stored(text).waitFor();
  }

  receipt(text: string, receipt: string): Locator {
    return this.bubble(text).locator(`.tick[data-receipt="${receipt}"]`);
  }

  texts(): Promise<string[]> {
    return this.page.locator(".bubble-text").allTextContents();
  }

  async act(text: string, what: string): Promise<void> {
    await this.stored(text).hover();
    await this.stored(text).locator(".line-menu").click();
    await this.page.locator(".popup .menu-item", { hasText: what }).click();
  }

  async toast(text: string): Promise<void> {
    await this.page.locator(".toast", { hasText: text }).waitFor();
  }

  /** Answers the page's one question. */
  async answer(text?: string): Promise<void> {
    if (text !== undefined) await this.page.fill("#text-dialog-input", text);
    await this.page.click("#text-dialog button[type=submit]");
    await this.page.locator("#text-dialog").waitFor({ state: "hidden" });
  }

  async makeGroup(title: string, join: "open" | "approval" | "invite"): Promise<void> {
    await this.page.locator(".people-head [data-new]").click();
    await this.page.click("#tab-create");
    await this.page.fill("#group-title", title);
    await this.page.selectOption("#group-join", join);
    await this.page.press("#group-title", "Enter");
    await this.page.locator(".talk-title", { hasText: title }).waitFor();
  }

  async find(what: string, title: string): Promise<void> {
    await this.page.locator(".people-head [data-new]").click();
    await this.page.click("#tab-find");
    await this.page.fill("#group-find", what);
    await this.page.press("#group-find", "Enter");
    await this.page.locator(".found-group", { hasText: title }).click();
  }

  /** An open group. */
  async join(what: string, title: string): Promise<void> {
    await this.find(what, title);
    await this.answer();
    await this.page.locator(".writer").waitFor();
  }

  async openPanel(): Promise<void> {
    await this.page.click(".talk-who");
    await this.page.locator(".panel-title").waitFor();
  }
}

let common: Server | undefined;
let stages = 0;

/** For the files whose tests share a server; strangers may say as much there as the tests need. */
export function shareServer(): void {
  Deno.test.beforeAll(async () => {
    common = await startServer({ ...CHEAP, STRANGER_MESSAGES: 200, CHAT_BURST: 200 });
  });
  Deno.test.afterAll(async () => {
    await common?.[Symbol.asyncDispose]();
  });
}

/** A server, a browser, and people at the chat page. */
export class ChatStage implements AsyncDisposable {
  readonly #talkers: readonly Talker[];
  readonly #end: () => Promise<void>;

  private constructor(
    readonly server: Server,
    readonly browser: Profiles,
    talkers: readonly Talker[],
    end: () => Promise<void>,
  ) {
    this.#talkers = talkers;
    this.#end = end;
  }

  /** At the server that the tests of a file share, where nobody else of this test's people is known. */
  static async shared(names: readonly string[]): Promise<ChatStage> {
    if (common === undefined) throw new Error("Cannot talk: the server runs only during tests");
    const browser = new Profiles();
    const suffix = String(++stages);
    const talkers: Talker[] = [];
    for (const name of names) talkers.push(await Talker.open(browser, common.url, name, {}, suffix));
    return new ChatStage(common, browser, talkers, () => Promise.resolve());
  }

  /** At a server of its own. */
  static async open(logins: readonly string[], env: ServerEnv = {}): Promise<ChatStage> {
    const server = await startServer({ ...CHEAP, ...env });
    const browser = new Profiles();
    const talkers: Talker[] = [];
    for (const login of logins) talkers.push(await Talker.open(browser, server.url, login));
    return new ChatStage(server, browser, talkers, () => server[Symbol.asyncDispose]());
  }

  /** In the order in which they were named; as many as are asked for. */
  get talkers(): [Talker, Talker, Talker] {
    return this.#talkers as [Talker, Talker, Talker];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.#end();
  }
}

/** Somebody without a page. */
export class Peer implements Disposable {
  private constructor(readonly id: string, readonly name: string, readonly barrage: Barrage) {}

  static async open(url: string, login: string, name = login): Promise<Peer> {
    const { token, user } = await register({ url, login, name, password: PASSWORD });
    const barrage = new Barrage({ url, token });
    await barrage.chat.start();
    return new Peer(user.id, name, barrage);
  }

  get chat(): Chat {
    return this.barrage.chat;
  }

  [Symbol.dispose](): void {
    this.barrage.close();
  }
}
