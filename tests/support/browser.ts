import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PASSWORD } from "./cookie_client.ts";

/** Where Debian puts it; CHROMIUM names another. */
const EXECUTABLE = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Of all that is waited for: a busy machine takes its time. */
const UNTIL_MS = 60_000;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-quic",
      "--no-first-run",
    ],
  });
}

/** Whatever opens profiles. */
export type BrowserLike = Pick<Browser, "newContext">;

/** One person at one page, with a browser profile of their own. */
export class Visitor {
  /** What the page complained about: uncaught errors, refused loads, violations of its content policy. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  static async open(browser: BrowserLike, options: BrowserContextOptions = {}): Promise<Visitor> {
    // A still picture leaves the processor to the test.
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(UNTIL_MS);
    return new Visitor(await context.newPage());
  }

  /**
   * Waits until an expression is true in the page. Playwright's own wait evaluates it there anew each time, which the page's
   * content policy does not let it.
   */
  async until(condition: string): Promise<void> {
    await this.page.evaluate(`new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("It never came true")), ${UNTIL_MS});
      const look = () => (${condition}) ? resolve() : requestAnimationFrame(look);
      look();
    })`);
  }

  /** Another tab of the same profile. */
  async tab(): Promise<Visitor> {
    return new Visitor(await this.page.context().newPage());
  }

  /** Makes an account on the page for that, and arrives in the lobby. */
  async register(url: string, login: string, name?: string): Promise<void> {
    await this.page.goto(`${url}/register`);
    if (name !== undefined) await this.page.fill("#name", name);
    await this.page.fill("#login", login);
    await this.page.fill("#password", PASSWORD);
    await this.page.press("#password", "Enter");
    await this.page.waitForURL(`${url}/`);
  }

  /** On the page for that, wherever it leads. */
  async signIn(login: string, password = PASSWORD): Promise<void> {
    await this.page.fill("#login", login);
    await this.page.fill("#password", password);
    await this.page.press("#password", "Enter");
  }

  /** Opens the menu behind the name in the top bar, and takes what is called like this. */
  async choose(text: string): Promise<void> {
    await this.page.click("#account");
    await this.page.locator(".menu-item", { hasText: text }).click();
  }

  /** Goes to a room and waits until it is live there. */
  async enter(url: string, room: string): Promise<void> {
    await this.page.goto(`${url}/rooms/${room}`);
    await this.untilLive();
  }

  async untilLive(): Promise<void> {
    await this.page.locator('.pill[data-status="live"]').waitFor();
  }

  async type(text: string): Promise<void> {
    await this.page.fill("#say", text);
    await this.page.press("#say", "Enter");
  }

  /** Says something and waits until the server has it. */
  async say(text: string): Promise<void> {
    await this.type(text);
    await this.page.locator("#say:placeholder-shown").waitFor();
  }

  async untilChat(text: string): Promise<void> {
    await this.page.locator(".line", { hasText: text }).first().waitFor();
  }

  /** What the chat shows, without names and counts. */
  chat(): Promise<string[]> {
    return this.page.locator(".line-text").allTextContents();
  }
}
