import assert from "node:assert/strict";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

/** For tests that do not need an empty one. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

Deno.test("[W20] an empty lobby opens a room with one click, and others find it there", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const [ann, bob] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.page.goto(server.url);
  await ann.page.click("#open-first");
  await ann.untilLive();
  const title = await ann.page.textContent(".room-title");
  await bob.page.goto(server.url);
  await bob.page.locator(".room-card", { hasText: title ?? "" }).click();
  await bob.untilLive();
  assert.equal(bob.page.url(), ann.page.url());
  assert.deepEqual([...ann.complaints, ...bob.complaints], []);
});

Deno.test("[W21] a name given in the lobby is the name in the chat, and can be changed in the room", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.page.goto(server.url);
  await ann.page.fill("#viewer-name", "Ann");
  await ann.page.fill("#room-title", "Ann's room");
  await ann.page.press("#room-title", "Enter");
  await ann.untilLive();
  await ann.say("as Ann");
  await ann.untilChat("as Ann");
  await ann.choose("Change your name");
  await ann.page.fill("#text-dialog-input", "Anna");
  await ann.page.press("#text-dialog-input", "Enter");
  await ann.page.locator(".account-name", { hasText: "Anna" }).waitFor();
  await ann.untilLive();
  await ann.say("as Anna");
  await ann.untilChat("as Anna");
  assert.deepEqual(await ann.page.locator(".line-name").allTextContents(), ["Ann", "Anna"]);
});

Deno.test("[W22] only who opened the room may edit its title and end it, and its end is seen by all", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const [owner, viewer] = [await Visitor.open(browser), await Visitor.open(browser)];
  await owner.page.goto(server.url);
  await owner.page.click("#open-first");
  await owner.untilLive();
  await viewer.page.goto(owner.page.url());
  await viewer.untilLive();
  await viewer.say("a word to remember");
  assert(!await viewer.page.isVisible("[data-end]"));
  await owner.page.click("[data-edit]");
  await owner.page.fill("#text-dialog-input", "A better title");
  await owner.page.press("#text-dialog-input", "Enter");
  await owner.page.locator(".room-title", { hasText: "A better title" }).waitFor();
  await owner.page.click("[data-end]");
  await owner.page.click("#text-dialog button[type=submit]");
  await owner.page.locator(".player-ended").waitFor();
  await viewer.page.locator(".player-ended").waitFor();
  assert(await viewer.page.isDisabled("#say"));
  const late = await Visitor.open(browser);
  await late.page.goto(owner.page.url());
  await late.page.locator(".player-ended").waitFor();
  await late.untilChat("a word to remember");
  assert.equal(await late.page.textContent(".room-title"), "A better title");
});

for (const path of ["/rooms/01JD3Y4B6V8Q2Z5K7M9N0P1R2S", "/rooms/nonsense"]) {
  Deno.test(`[W23] ${path} leads to a friendly page`, async () => {
    await using browser = new Profiles();
    const ann = await Visitor.open(browser);
    await ann.page.goto(server.url + path);
    await ann.page.locator("h1", { hasText: "Nothing is playing here" }).waitFor();
    await ann.page.click("text=See what is live");
    await ann.page.locator(".hero").waitFor();
    assert.equal(new URL(ann.page.url()).pathname, "/");
  });
}

Deno.test("[W24] nothing scrolls sideways on a phone, and the send box is in sight", async () => {
  await using server = await startServer();
  await using browser = new Profiles();
  const owner = await HttpClient.guest(server.url);
  const { id } = await owner.room(
    {},
    "A title that is much longer than any phone is wide, and then some more",
  );
  await owner.post(`/v1/rooms/${id}/messages`, { text: "w".repeat(200) });
  const ann = await Visitor.open(browser, PHONE);
  const sideways = () => ann.page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
  await ann.page.goto(server.url);
  await ann.page.locator(".room-card").waitFor();
  assert.equal(await sideways(), 0);
  await ann.enter(server.url, id);
  await ann.untilChat("www");
  assert.equal(await sideways(), 0);
  const box = await ann.page.locator(".send").boundingBox();
  assert(box && box.y + box.height <= 740 && box.x + box.width <= 360, JSON.stringify(box));
});

Deno.test("[W25] a browser whose token the server no longer knows becomes a new guest by itself", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const ann = await Visitor.open(browser);
  await ann.page.addInitScript(() => {
    localStorage.setItem("barrage.guest", JSON.stringify({ token: "stale", user: { id: "U", name: "Ann" } }));
  });
  await ann.enter(server.url, id);
  await ann.say("still here");
  await ann.untilChat("still here");
  assert.equal(await ann.page.textContent(".line-name"), "Ann");
});

Deno.test("[W26] the theme follows the system until it is chosen, and the choice is kept", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser, { colorScheme: "dark" });
  const ground = () => ann.page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  await ann.page.goto(server.url);
  const dark = await ground();
  await ann.page.click("#theme");
  const light = await ground();
  assert.notEqual(light, dark);
  await ann.page.reload();
  assert.equal(await ground(), light);
});

Deno.test("[S29] a browser whose cookie is good for nothing any more gets rid of it, and lists the rooms", async () => {
  await using server = await startServer(CHEAP);
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann");
  await (await HttpClient.guest(server.url)).room({}, "Still here");
  const cookies = await ann.page.context().cookies();
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const operator = new HttpClient(server.url, key);
  const { body } = await operator.get<{ accounts: { id: string }[] }>("/v1/accounts");
  assert.equal((await operator.delete(`/v1/accounts/${body.accounts[0]!.id}/sessions`)).status, 200);
  // As if the page's storage had been cleared and the cookies had not.
  await ann.page.goto(`${server.url}/docs`);
  await ann.page.evaluate("localStorage.clear()");
  await ann.page.context().addCookies(cookies);
  await ann.page.goto(server.url);
  await ann.page.locator(".room-card", { hasText: "Still here" }).waitFor();
  const left = (await ann.page.context().cookies()).map(({ name }) => name);
  assert.equal(left.includes("barrage"), false, left.join());
});
