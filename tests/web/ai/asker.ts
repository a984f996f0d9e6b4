import type { Browser, BrowserContextOptions, Locator } from "playwright-core";
import { Barrage, register } from "client/mod.ts";
import { launchBrowser, Visitor } from "tests/support/browser.ts";
import { CHEAP, PASSWORD } from "tests/support/cookie_client.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";

/** The built-in model says a word every 20 ms. */
export function words(count: number, word = "word"): string {
  return Array.from({ length: count }, (_, n) => `${word}${n}`).join(" ");
}

/** One person at the AI page. */
export class Asker {
  private constructor(readonly visitor: Visitor, readonly url: string) {}

  static async open(
    browser: Browser,
    url: string,
    login: string,
    options: BrowserContextOptions = {},
  ): Promise<Asker> {
    const visitor = await Visitor.open(browser, { locale: "en-GB", ...options });
    await visitor.register(url, login);
    const asker = new Asker(visitor, url);
    await asker.go("/ai");
    return asker;
  }

  get page() {
    return this.visitor.page;
  }

  /** The same person in another tab. */
  async tab(path: string): Promise<Asker> {
    const asker = new Asker(await this.visitor.tab(), this.url);
    await asker.go(path);
    return asker;
  }

  /** The same person at another device. */
  async device(browser: Browser, login: string, path: string): Promise<Asker> {
    const asker = new Asker(await Visitor.open(browser, { locale: "en-GB" }), this.url);
    await asker.page.goto(`${this.url}/login?${new URLSearchParams({ returnTo: path })}`);
    await asker.visitor.signIn(login);
    await asker.ready();
    return asker;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await this.ready();
  }

  /** The server has told what can be asked. */
  async ready(): Promise<void> {
    await this.page.locator("#model option").first().waitFor({ state: "attached" });
  }

  async make(what: "Text" | "Picture" | "Slides"): Promise<void> {
    await this.page.locator(".ai-features label", { hasText: what }).click();
  }

  async ask(text: string): Promise<void> {
    await this.page.fill("#ask", text);
    await this.page.press("#ask", "Enter");
  }

  /** The newest turn with this in its question. */
  turn(question: string): Locator {
    return this.page.locator(".ai-turn", { has: this.page.locator(".ai-question", { hasText: question }) })
      .last();
  }

  async until(question: string, state: string): Promise<Locator> {
    const turn = this.turn(question).and(this.page.locator(`[data-state="${state}"]`));
    await turn.waitFor();
    return turn;
  }

  /** What it says by now. */
  async says(question: string): Promise<string> {
    return await this.turn(question).locator(".markdown").textContent() ?? "";
  }

  async untilSays(question: string, text: string): Promise<void> {
    await this.turn(question).locator(".markdown", { hasText: text }).waitFor();
  }

  thread(title: string): Locator {
    return this.page.locator(".ai-thread", { hasText: title });
  }

  /** Answers the page's one question with yes. */
  async confirm(): Promise<void> {
    await this.page.click("#text-dialog button[type=submit]");
    await this.page.locator("#text-dialog").waitFor({ state: "hidden" });
  }
}

/** A server, a browser, and somebody at the AI page. */
export class AskStage implements AsyncDisposable {
  private constructor(readonly server: Server, readonly browser: Browser, readonly ann: Asker) {}

  static async open(env: ServerEnv = {}, options: BrowserContextOptions = {}): Promise<AskStage> {
    const server = await startServer({ ...CHEAP, ...env });
    const browser = await launchBrowser();
    return new AskStage(server, browser, await Asker.open(browser, server.url, "ann", options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Somebody without a page, who keeps the built-in model busy. */
export class Crowd implements Disposable {
  readonly #barrage: Barrage;
  readonly #answers: string[] = [];

  private constructor(barrage: Barrage) {
    this.#barrage = barrage;
  }

  static async open(url: string): Promise<Crowd> {
    const { token } = await register({ url, login: "crowd", name: "crowd", password: PASSWORD });
    return new Crowd(new Barrage({ url, token }));
  }

  async ask(count: number, long: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const { answer } = await this.#barrage.call("ai.ask", { text: words(long, `crowd${n}x`) });
      this.#answers.push(answer);
    }
  }

  async leave(): Promise<void> {
    for (const answer of this.#answers.splice(0)) await this.#barrage.call("ai.cancel", { answer });
  }

  [Symbol.dispose](): void {
    this.#barrage.close();
  }
}
