import { deepEqual, equal } from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Barrage, ChatConversation, IndexedDbOutboxStore } from "client/mod.ts";
import { launchBrowser } from "tests/support/browser.ts";
import { Cable } from "tests/support/cable.ts";
import { Person } from "tests/support/chatter.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { kept, testOutboxStore } from "./support/outbox_store_contract.ts";
import { SdkSite, StoreInPage } from "./support/sdk_site.ts";

let server: Server;
let site: SdkSite;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, site, browser] = await Promise.all([startServer(), SdkSite.open(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

testOutboxStore("IndexedDB", async () => {
  const context = await browser.newContext();
  let page: Page | undefined;
  return {
    async open() {
      await page?.close();
      page = await context.newPage();
      return await StoreInPage.open(page, site.url);
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
});

/** The browser takes the lock from a tab that was closed, a moment later. */
async function alone(page: Page): Promise<void> {
  const deadline = AbortSignal.timeout(20_000);
  // Asked from here: `waitForFunction` takes a promise for a yes.
  const held = () =>
    page.evaluate(async () => {
      const { locks } = globalThis.navigator as unknown as {
        locks: { query(): Promise<{ held: object[] }> };
      };
      return (await locks.query()).held.length;
    });
  while (await held() > 1) deadline.throwIfAborted();
}

Deno.test("[C107] a tab leaves alone what another one looks after, and takes it over when that has gone", async () => {
  await using context = await browser.newContext();
  const one = await StoreInPage.open(await context.newPage(), site.url);
  const other = await StoreInPage.open(await context.newPage(), site.url);
  await one.put("ann", kept("a1"));
  await other.put("ann", kept("a2"));
  deepEqual((await other.load("ann")).map(({ id }) => id), ["a2"]);
  deepEqual((await one.load("ann")).map(({ id }) => id), ["a1"]);
  await one.page.close();
  await alone(other.page);
  deepEqual((await other.load("ann")).map(({ id }) => id), ["a1", "a2"]);
  const third = await StoreInPage.open(await context.newPage(), site.url);
  deepEqual(await third.load("ann"), []);
});

interface InPage {
  readonly sdk: typeof import("client/mod.ts");
  barrage: Barrage;
  talk: ChatConversation;
}

interface Options {
  readonly url: string;
  readonly token: string;
  readonly peer: string;
}

/** A tab in which Ann chats with Ben. */
async function openTab(context: BrowserContext, options: Options): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.url);
  await chat(page, options);
  return page;
}

async function chat(page: Page, options: Options): Promise<void> {
  await page.evaluate(async ({ url, token, peer }) => {
    const here = globalThis as unknown as InPage;
    const outbox: IndexedDbOutboxStore = new here.sdk.IndexedDbOutboxStore();
    here.barrage = new here.sdk.Barrage({ url, token, chat: { outbox }, random: () => 0.1 });
    const talk = await here.barrage.chat.open(peer);
    here.talk = talk;
    await here.barrage.chat.start();
  }, options);
}

async function send(page: Page, ...texts: string[]): Promise<void> {
  await page.evaluate(async (texts) => {
    const { talk } = globalThis as unknown as InPage;
    for (const text of texts) await talk.send(text);
  }, texts);
}

/** Waits until the tab shows so many stored messages and none on its way; answers what it shows. */
async function settled(page: Page, count: number): Promise<string[]> {
  await page.waitForFunction((count) => {
    const { talk } = globalThis as unknown as InPage;
    return talk.messages.length >= count && talk.messages.every(({ shown }) => shown === "stored");
  }, count);
  return await page.evaluate(() => {
    const { talk } = globalThis as unknown as InPage;
    return talk.messages.map((line) =>
      line.shown === "stored" && line.message.kind === "sent" ? line.message.text ?? "" : "?"
    );
  });
}

async function stage(cable: Cable): Promise<Options & { stored: () => Promise<string[]> }> {
  const [ann, ben] = await Promise.all([Person.register(server), Person.register(server)]);
  await using bens = await ben.connect(server);
  await bens.send(ann, "hello");
  return {
    ...{ url: cable.url, token: ann.token, peer: ben.id },
    async stored() {
      await using device = await ben.live(server);
      return device.texts([...device.notebook.conversations.keys()][0]!);
    },
  };
}

Deno.test("[C106] what was written while offline outlives a reload, and is sent once, in order", async () => {
  await using cable = new Cable(server.port);
  const { stored, ...options } = await stage(cable);
  await using context = await browser.newContext();
  const page = await openTab(context, options);
  await settled(page, 1);
  cable.pull();
  await send(page, "one", "two", "three");
  await page.reload();
  cable.plug();
  await chat(page, options);
  const texts = ["hello", "one", "two", "three"];
  deepEqual(await settled(page, 4), texts);
  deepEqual(await stored(), texts);
});

Deno.test("[C107] two tabs send what they wrote once, and what a closed one has left", async () => {
  await using cable = new Cable(server.port);
  const { stored, ...options } = await stage(cable);
  await using context = await browser.newContext();
  const [one, other] = [await openTab(context, options), await openTab(context, options)];
  for (const page of [one, other]) await settled(page, 1);
  cable.pull();
  await send(one, "one", "two");
  await send(other, "elsewhere");
  cable.plug();
  const texts = await settled(one, 4);
  deepEqual(texts.toSorted(), ["elsewhere", "hello", "one", "two"]);
  deepEqual(await settled(other, 4), texts);
  cable.pull();
  await send(one, "left behind");
  await one.close();
  await alone(other);
  cable.plug();
  deepEqual(await settled(other, 5), [...texts, "left behind"]);
  deepEqual(await stored(), [...texts, "left behind"]);
});

Deno.test("[C107] where tabs do not know of each other both send the same messages, and they are there once", async () => {
  await using cable = new Cable(server.port);
  const { stored, ...options } = await stage(cable);
  await using context = await browser.newContext();
  await context.addInitScript(() => {
    Object.defineProperty(globalThis.navigator, "locks", { value: undefined });
  });
  const one = await openTab(context, options);
  await settled(one, 1);
  cable.pull();
  await send(one, "one", "two", "three");
  const other = await context.newPage();
  await other.goto(site.url);
  cable.plug();
  await chat(other, options);
  const texts = ["hello", "one", "two", "three"];
  for (const page of [one, other]) deepEqual(await settled(page, 4), texts);
  deepEqual(await stored(), texts);
  equal(await one.evaluate(() => (globalThis as unknown as InPage).talk.view?.sending), 0);
});
