import assert from "node:assert/strict";
import type { WebSocket } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { Cable } from "tests/support/cable.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

/** For tests that do not kill it. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function roomOn(url: string): Promise<string> {
  return (await (await HttpClient.guest(url)).room()).id;
}

Deno.test("[W1] two people see what the other says, and nothing complains", async () => {
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const [ann, bob] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.enter(server.url, room);
  await bob.enter(server.url, room);
  await ann.say("hello from Ann");
  await bob.untilChat("hello from Ann");
  await bob.say("前方高能");
  for (const one of [ann, bob]) await one.untilChat("前方高能");
  assert.deepEqual(await ann.chat(), ["hello from Ann", "前方高能"]);
  assert.deepEqual(await bob.chat(), ["hello from Ann", "前方高能"]);
  assert.equal(await ann.page.locator(".line.own").count(), 1);
  assert.deepEqual([...ann.complaints, ...bob.complaints], []);
});

Deno.test("[W2] a page whose cable was pulled shows it, comes back by itself and has missed nothing", async () => {
  await using cable = new Cable(server.port);
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const [speaker, viewer] = [await Visitor.open(browser), await Visitor.open(browser)];
  await speaker.enter(server.url, room);
  await viewer.enter(cable.url, room);
  await speaker.say("one");
  await viewer.untilChat("one");
  cable.pull();
  await viewer.page.locator('.pill:not([data-status="live"])').waitFor();
  for (const text of ["two", "three", "four"]) await speaker.say(text);
  cable.plug();
  await viewer.untilLive();
  await viewer.untilChat("four");
  assert.deepEqual(await viewer.chat(), ["one", "two", "three", "four"]);
  assert.equal(await viewer.page.locator(".notice").count(), 0);
});

Deno.test("[W3] after the server was killed and started again the page goes on, and what was typed meanwhile is said once", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, room);
  await ann.say("before");
  await server.kill("SIGKILL");
  await ann.page.locator('.pill:not([data-status="live"])').waitFor();
  await ann.type("meanwhile");
  assert.equal(await ann.page.inputValue("#say"), "meanwhile");
  await server.restart();
  await ann.untilChat("meanwhile");
  await ann.untilLive();
  await ann.say("after");
  await ann.untilChat("after");
  assert.deepEqual(await ann.chat(), ["before", "meanwhile", "after"]);
});

Deno.test("[W4] markup in a text, a name or a title is shown as text", async () => {
  await using browser = new Profiles();
  const evil = '<img src=x onerror="document.title=1">';
  const owner = await HttpClient.guest(server.url, "<b>Eve</b>");
  const { id } = await owner.room({}, evil);
  await owner.post(`/v1/rooms/${id}/messages`, { text: evil });
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, id);
  await ann.untilChat("onerror");
  assert.deepEqual(await ann.chat(), [evil]);
  assert.equal(await ann.page.textContent(".room-title"), evil);
  assert.equal(await ann.page.textContent(".line-name"), "<b>Eve</b>");
  assert.equal(await ann.page.locator("main img").count(), 0);
  assert.notEqual(await ann.page.title(), "1");
  assert.deepEqual(ann.complaints, []);
});

/** Tells the page that it is hidden, or seen again; a headless browser has no tabs to switch. */
function setHidden({ page }: Visitor, hidden: boolean): Promise<unknown> {
  return page.evaluate(`
    Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}

/** Resolves when the server has answered the page's next call of the method. */
function answered(socket: WebSocket, method: string): Promise<unknown> {
  let id: unknown;
  socket.on("framesent", ({ payload }) => {
    const frame = JSON.parse(String(payload));
    if (frame.method === method) id = frame.id;
  });
  return socket.waitForEvent("framereceived", ({ payload }) => JSON.parse(String(payload)).id === id);
}

Deno.test("[W5] a hidden tab gets summaries only, and says how much passed when it is seen again", async () => {
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const [speaker, viewer] = [await Visitor.open(browser), await Visitor.open(browser)];
  await speaker.enter(server.url, room);
  const connected = viewer.page.waitForEvent("websocket");
  await viewer.enter(server.url, room);
  const paused = answered(await connected, "room.pause");
  await setHidden(viewer, true);
  await paused;
  for (const text of ["one", "two", "three"]) await speaker.say(text);
  await setHidden(viewer, false);
  await viewer.page.locator(".notice", { hasText: "While you were away: 3 messages" }).waitFor();
  assert.deepEqual(await viewer.chat(), []);
  await speaker.say("four");
  await viewer.untilChat("four");
});

Deno.test("[W6] someone who is too fast keeps what was typed and sees how long to wait", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room({ sayBurst: 1, sayPerSecond: 0.25 });
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, id);
  await ann.say("first");
  await ann.type("second");
  await ann.page.locator('.composer-hint[data-kind="error"]', { hasText: /fast: [1-4] s/ }).waitFor();
  assert.equal(await ann.page.inputValue("#say"), "second");
  await ann.page.locator(".composer-hint:empty").waitFor({ state: "attached" });
  await ann.say("second");
  await ann.untilChat("second");
});

Deno.test("[W7] the counter counts code points, and what is too long cannot be sent", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, await roomOn(server.url));
  await ann.page.fill("#say", "👏".repeat(200));
  assert.equal(await ann.page.textContent(".counter"), "200/200");
  assert(await ann.page.isEnabled(".send"));
  await ann.page.fill("#say", "👏".repeat(203));
  assert.equal(await ann.page.textContent(".composer-hint"), "3 too many");
  assert(!await ann.page.isEnabled(".send"));
});

Deno.test("[W8] the slash focuses the send box, Escape leaves it, Enter sends", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, await roomOn(server.url));
  const focused = async () => await ann.page.locator("#say:focus").count() === 1;
  await ann.page.keyboard.press("/");
  assert(await focused());
  await ann.page.keyboard.type("by keyboard");
  await ann.page.keyboard.press("Enter");
  await ann.untilChat("by keyboard");
  await ann.page.keyboard.press("Escape");
  assert(!await focused());
});

Deno.test("[W9] the chat stays where it is while somebody reads further up, and keeps 200 lines at most", async () => {
  await using browser = new Profiles();
  const owner = await HttpClient.guest(server.url);
  const { id } = await owner.room();
  const ann = await Visitor.open(browser);
  await ann.enter(server.url, id);
  const speakers = await Promise.all(
    Array.from({ length: 15 }, (_, i) => HttpClient.guest(server.url, `Bot ${i}`)),
  );
  const crowd = (round: string) =>
    Promise.all(speakers.map(async (speaker, i) => {
      for (let n = 0; n < 10; n++) {
        await speaker.post(`/v1/rooms/${id}/messages`, { text: `${round} ${i} ${n}` });
      }
    }));
  await crowd("first");
  await ann.page.locator(".line").nth(100).waitFor();
  const scroll = ann.page.locator(".chat-scroll");
  await scroll.evaluate((element) =>
    new Promise((resolve) => {
      element.addEventListener("scroll", resolve, { once: true });
      element.scrollTop = 200;
    })
  );
  await crowd("second");
  await ann.page.locator(".chat-jump", { hasText: "new messages" }).waitFor();
  assert.equal(await scroll.evaluate((element) => element.scrollTop), 200);
  await ann.page.click(".chat-jump");
  await ann.page.locator(".chat-jump").waitFor({ state: "hidden" });
  const lines = await ann.page.locator(".line").count();
  assert(lines > 150 && lines <= 200, `${lines} lines`);
  const below = await scroll.evaluate((element) =>
    element.scrollHeight - element.scrollTop - element.clientHeight
  );
  assert(below < 2, `${below} pixels below`);
});
