import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { launchBrowser } from "tests/support/browser.ts";

let chromium: Browser | undefined;

Deno.test.beforeAll(async () => {
  chromium = await launchBrowser();
});
Deno.test.afterAll(async () => {
  await chromium?.close();
});

/** As if it were a browser of its own: all tests of a file share one, and none sees the profiles of another. */
export class Profiles implements AsyncDisposable {
  readonly #open: BrowserContext[] = [];

  async newContext(options: BrowserContextOptions): Promise<BrowserContext> {
    if (chromium === undefined) throw new Error("Cannot open a profile: the browser runs only during tests");
    const context = await chromium.newContext(options);
    this.#open.push(context);
    return context;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((context) => context.close()));
  }
}
