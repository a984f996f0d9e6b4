import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

/** Playwright waits for a condition by `eval`, which the page forbids. */
const WATCHED = { bypassCSP: true };
const WATCH_CANVASES = new URL("./watch_canvases.js", import.meta.url).pathname;

interface Seen {
  readonly texts: string[];
  readonly overlaps: string[];
  readonly outside: string[];
}

/** Comments of the engine that the page still holds. */
async function commentsHeld(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  const { result } = await devtools.send("Runtime.evaluate", { expression: "Object.prototype" });
  assert(result.objectId !== undefined);
  const { objects } = await devtools.send("Runtime.queryObjects", { prototypeObjectId: result.objectId });
  assert(objects.objectId !== undefined);
  const held = await devtools.send("Runtime.callFunctionOn", {
    objectId: objects.objectId,
    functionDeclaration: `function () { return this.filter((one) => Object.hasOwn(one, "_utc")).length; }`,
    returnByValue: true,
  });
  // Else the answer holds them.
  await devtools.detach();
  return held.result.value;
}

function speakers(url: string, count: number): Promise<HttpClient[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => HttpClient.guest(url, `Bot ${i}`)));
}

Deno.test("[W10] in a crowd, on a page that stutters, nothing is drawn over another, and one's own flies", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const ann = await Visitor.open(browser, {
    ...WATCHED,
    deviceScaleFactor: 2,
    viewport: { width: 900, height: 700 },
  });
  await ann.page.addInitScript({ path: WATCH_CANVASES });
  await ann.enter(server.url, id);
  await ann.page.evaluate(`setInterval(() => {
    const until = performance.now() + 20 + Math.random() * 160;
    while (performance.now() < until);
  }, 100)`);
  const crowd = (await speakers(server.url, 10)).map(async (speaker, i) => {
    for (let n = 0; n < 18; n++) {
      const text = n % 5 === 0 ? "666" : `${i} ${n} ${"word ".repeat((i * n) % 9)}`;
      const style = n % 7 === 0 ? { position: i % 2 === 0 ? "top" : "bottom" } : {};
      await speaker.post(`/v1/rooms/${id}/messages`, { text, style });
    }
  });
  await Promise.all([...crowd, ann.say(`mine, ${"and rather long ".repeat(3)}`)]);
  await ann.until(
    `seen.texts.length > 15 && seen.texts.some((text) => text.startsWith("mine"))`,
  );
  const { texts, overlaps, outside } = await ann.page.evaluate<Seen>("seen");
  assert(texts.some((text) => /^666×\d+$/.test(text)), "No sum in flight");
  assert.deepEqual({ overlaps, outside, complaints: ann.complaints }, {
    overlaps: [],
    outside: [],
    complaints: [],
  });
});

Deno.test("[W14] the page forgets what has flown", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const ann = await Visitor.open(browser, WATCHED);
  await ann.page.addInitScript({ path: WATCH_CANVASES });
  await ann.enter(server.url, id);
  for (const [i, speaker] of (await speakers(server.url, 3)).entries()) {
    await speaker.post(`/v1/rooms/${id}/messages`, { text: `top ${i}`, style: { position: "top" } });
  }
  await ann.until("seen.texts.length === 3");
  assert.equal(await commentsHeld(ann.page), 3);
  await ann.until("seen.inFlight() === 0");
  assert.equal(await commentsHeld(ann.page), 0);
});
