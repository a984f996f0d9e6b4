import type { BrowserContextOptions, Locator } from "playwright-core";
import { Barrage, register } from "client/mod.ts";
import { type BrowserLike, Visitor } from "tests/support/browser.ts";
import { CHEAP, PASSWORD } from "tests/support/cookie_client.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";
import { Profiles } from "../profiles.ts";

/** The built-in model says a word every 20 ms. */
export function words(count: number, word = "word"): string {
  return Array.from({ length: count }, (_, n) => `${word}${n}`).join(" ");
}

let common: Server | undefined;

Deno.test.beforeAll(async () => {
  common = await startServer(CHEAP);
});
Deno.test.afterAll(async () => {
  await common?.[Symbol.asyncDispose]();
});

let people = 0;

/** One person at the AI page. */
export class Asker {
  private constructor(readonly visitor: Visitor, readonly url: string, readonly login: string) {}

  static async open(
    browser: BrowserLike,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Asker> {
    const login = `ann${++people}`;
    const visitor = await Visitor.open(browser, { locale: "en-GB", ...options });
    await visitor.register(url, login);
    const asker = new Asker(visitor, url, login);
    await asker.go("/ai");
    return asker;
  }

  get page() {
    return this.visitor.page;
  }

  /** The same person in another tab. */
  async tab(path: string): Promise<Asker> {
    const asker = new Asker(await this.visitor.tab(), this.url, this.login);
    await asker.go(path);
    return asker;
  }

  /** The same person at another device. */
  async device(browser: BrowserLike, path: string): Promise<Asker> {
    const asker = new Asker(await Visitor.open(browser, { locale: "en-GB" }), this.url, this.login);
    await asker.page.goto(`${this.url}/login?${new URLSearchParams({ returnTo: path })}`);
    await asker.visitor.signIn(this.login);
    await asker.ready();
    return asker;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await this.ready();
  }

  /** Comes back to the page, which then looks for what is new. */
  async comeBack(): Promise<void> {
    await this.page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
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
  readonly #end: () => Promise<void>;

  private constructor(
    readonly server: Server,
    readonly browser: Profiles,
    readonly ann: Asker,
    end: () => Promise<void>,
  ) {
    this.#end = end;
  }

  /** At the server that the tests of a file share. */
  static async open(options: BrowserContextOptions = {}): Promise<AskStage> {
    if (common === undefined) throw new Error("Cannot ask: the server runs only during tests");
    const browser = new Profiles();
    const ann = await Asker.open(browser, common.url, options);
    return new AskStage(common, browser, ann, () => Promise.resolve());
  }

  /** At a server of its own, which may be killed. */
  static async alone(env: ServerEnv = {}): Promise<AskStage> {
    const server = await startServer({ ...CHEAP, ...env });
    const browser = new Profiles();
    const ann = await Asker.open(browser, server.url);
    return new AskStage(server, browser, ann, () => server[Symbol.asyncDispose]());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.#end();
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
