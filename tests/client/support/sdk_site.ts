import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { KeptMessage, OutboxStore } from "client/mod.ts";

const PAGE = fileURLToPath(new URL("./sdk_page.ts", import.meta.url));
const HTML = `<!doctype html><meta charset="utf-8"><title>SDK</title><script src="/sdk.js"></script>`;

/** An empty page with the SDK as `sdk`, on an origin of its own. */
export class SdkSite implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(script: string) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const isScript = new URL(request.url).pathname === "/sdk.js";
      const type = isScript ? "text/javascript" : "text/html";
      return new Response(isScript ? script : HTML, { headers: { "content-type": type } });
    });
  }

  static async open(): Promise<SdkSite> {
    const path = await Deno.makeTempFile({ suffix: ".js" });
    try {
      const args = ["bundle", "--quiet", "--platform", "browser", "--output", path, PAGE];
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      if (!success) throw new Error(`Cannot bundle the SDK: ${new TextDecoder().decode(stderr)}`);
      return new SdkSite(await Deno.readTextFile(path));
    } finally {
      await Deno.remove(path);
    }
  }

  /** Browsers take it for a safe place, where there are locks. */
  get url(): string {
    return `http://localhost:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface InPage {
  readonly sdk: typeof import("client/mod.ts");
  store: OutboxStore;
}

/** The browser's store, in a page. */
export class StoreInPage implements OutboxStore {
  private constructor(readonly page: Page) {}

  static async open(page: Page, url: string): Promise<StoreInPage> {
    await page.goto(url);
    await page.evaluate(() => {
      const here = globalThis as unknown as InPage;
      here.store = new here.sdk.IndexedDbOutboxStore();
    });
    return new StoreInPage(page);
  }

  load(user: string): Promise<readonly KeptMessage[]> {
    return this.page.evaluate((user) => (globalThis as unknown as InPage).store.load(user), user);
  }

  put(user: string, message: KeptMessage): Promise<void> {
    return this.page.evaluate(
      ([user, message]) => (globalThis as unknown as InPage).store.put(user, message),
      [user, message] as const,
    );
  }

  remove(user: string, id: string): Promise<void> {
    return this.page.evaluate(
      ([user, id]) => (globalThis as unknown as InPage).store.remove(user, id),
      [user, id] as const,
    );
  }
}
