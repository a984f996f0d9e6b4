import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, CookieClient } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Peer, Talker } from "./talker.ts";
import { Profiles } from "../profiles.ts";

const EVIL = '<img src=x onerror="document.title=1">';

/** For tests that neither kill it nor need it to be special. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer({ ...CHEAP, STRANGER_MESSAGES: 10 });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[W88] markup in a name, title, text, announcement or attachment is shown as text, and nothing is loaded", async () => {
  await using browser = new Profiles();
  using eve = await Peer.open(server.url, "eve1", "<b>Eve</b>");
  const ann = await Talker.open(browser, server.url, "ann1");
  const elsewhere: string[] = [];
  ann.page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
  });
  const group = await eve.chat.createGroup({ title: EVIL, join: "open", announcement: EVIL });
  await ann.go(`/chat/${group.id}`);
  assert.equal(await ann.page.textContent("#text-dialog-title"), `Join “${EVIL}”?`);
  await ann.answer();
  await ann.page.locator(".writer").waitFor();
  await group.send({
    text: `${EVIL} javascript:alert(1) https://evil.example/?a="><script>`,
    attachments: [{ type: "image", url: "https://evil.example/pixel.png" }, {
      type: "file",
      url: "https://evil.example/x",
      name: EVIL,
    }],
  });
  await ann.sees("onerror");
  assert.equal(await ann.page.textContent(".talk-title"), EVIL);
  assert.equal(await ann.page.textContent(".announcement span"), EVIL);
  assert.equal(await ann.page.locator(".bubble-name").first().textContent(), "<b>Eve</b>");
  assert.equal(await ann.page.locator(".attached-name").nth(1).textContent(), EVIL);
  assert.match(await ann.row(EVIL).locator(".row-text").textContent() ?? "", /^<b>Eve<\/b>: <img src=x/);
  assert.equal(await ann.page.locator("main img, main script, main b").count(), 0);
  const links = ann.page.locator(".bubble a");
  assert.deepEqual(
    await links.evaluateAll((links) => links.map((link) => link.getAttribute("rel"))),
    Array(3).fill("noopener noreferrer nofollow ugc"),
  );
  assert.equal(await ann.page.locator('a[href^="javascript"]').count(), 0);
  await ann.openPanel();
  await ann.page.locator(".member", { hasText: "<b>Eve</b>" }).waitFor();
  assert.notEqual(await ann.page.title(), "1");
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(ann.visitor.complaints, []);
});

async function widerThan({ page }: Talker): Promise<number> {
  return Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
}

Deno.test("[W89] on a phone the list and what is talked are two screens with a way back, and fit 360 pixels", async () => {
  await using browser = new Profiles();
  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };
  using bob = await Peer.open(server.url, "bob2");
  const ann = await Talker.open(browser, server.url, "ann2", phone);
  assert(await widerThan(ann) <= 0);
  await ann.writeTo("bob2");
  assert.equal(await ann.page.locator(".people").isVisible(), false);
  await ann.page.fill("#write", `${"averyveryverylongwordwithoutanyspace".repeat(4)} and more`);
  await ann.page.tap(".writer-send");
  await ann.sees("and more");
  assert(await widerThan(ann) <= 0);
  const box = await ann.page.locator(".writer-line").boundingBox();
  assert(box !== null && box.y + box.height <= 640 && box.x >= 0 && box.x + box.width <= 360);
  await (await bob.chat.open(bob.chat.conversations[0]?.peer?.id ?? "")).send("on the train");
  await ann.sees("on the train");
  await ann.stored("on the train").locator(".bubble").tap();
  await ann.page.locator(".popup .menu-item", { hasText: "Reply" }).tap();
  await ann.page.locator(".writer-about", { hasText: "on the train" }).waitFor();
  await ann.page.tap(".talk-who");
  await ann.page.locator(".panel-title").waitFor();
  assert(await widerThan(ann) <= 0);
  await ann.page.tap(".panel [data-close]");
  await ann.page.tap(".talk-back");
  await ann.row("bob2").waitFor();
  assert.equal(await ann.page.locator(".talk").isVisible(), false);
  assert.match(ann.page.url(), /\/chat$/);
  await ann.row("bob2").tap();
  await ann.page.goBack();
  await ann.row("bob2").waitFor();
});

/** What has no name for those who do not see it. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate(`
    [...document.querySelectorAll("button, a, input, textarea, select, [role=log], dialog[open]")]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const by = (element.getAttribute("aria-labelledby") ?? "").split(" ")
          .map((id) => document.getElementById(id)?.textContent ?? "").join("");
        const labels = [...element.labels ?? []].map((label) => label.textContent).join("");
        const words = element.textContent + (element.getAttribute("aria-label") ?? "") + by + labels;
        return words.trim() === "";
      }).map((element) => element.outerHTML)
  `);
}

Deno.test("[W90] without a mouse: search, open, write, act on a message, and back; every control has a name", async () => {
  await using browser = new Profiles();
  using bob = await Peer.open(server.url, "bob3");
  using eve = await Peer.open(server.url, "eve3");
  const ann = await Talker.open(browser, server.url, "ann3");
  const { users } = await (await ann.page.context().request.get(`${server.url}/v1/users?login=ann3`)).json();
  for (const peer of [bob, eve]) await (await peer.chat.open(users[0].id)).send(`I am ${peer.name}`);
  await ann.row("bob3").waitFor();
  await ann.row("eve3").waitFor();
  assert.deepEqual(await nameless(ann.page), []);
  const { keyboard } = ann.page;
  await keyboard.press("/");
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowDown");
  const at = await ann.page.locator(".row:focus .row-title").textContent();
  assert(at === "bob3" || at === "eve3");
  assert.equal(await ann.page.locator(".row[tabindex='0']").count(), 1);
  await keyboard.press("Enter");
  await ann.page.locator(".talk-title", { hasText: at }).waitFor();
  await ann.page.locator("#write:focus").waitFor();
  await keyboard.type("hello by keyboard");
  await keyboard.press("Enter");
  await ann.sees("hello by keyboard");
  const peer = at === "bob3" ? bob : eve;
  await (await peer.chat.open(users[0].id)).send("can you hear me?");
  await ann.page.locator("#announcer", { hasText: `${at}: can you hear me?` }).waitFor({ state: "attached" });
  await ann.page.focus(".thread-scroll");
  await keyboard.press("ArrowUp");
  await keyboard.press("ArrowUp");
  await keyboard.press("Enter");
  await ann.page.locator(".popup .menu-item:focus", { hasText: "Reply" }).waitFor();
  assert.deepEqual(await nameless(ann.page), []);
  await keyboard.press("Enter");
  await ann.page.locator(".writer-about", { hasText: "hello by keyboard" }).waitFor();
  await keyboard.press("Escape");
  await ann.page.locator(".writer-about").waitFor({ state: "hidden" });
  await ann.page.focus(".talk-who");
  await keyboard.press("Enter");
  await ann.page.locator(".panel [data-close]:focus").waitFor();
  await keyboard.press("Escape");
  await ann.page.locator(".talk-who:focus").waitFor();
  await ann.page.focus(".people-head [data-new]");
  await keyboard.press("Enter");
  await ann.page.locator("#person:focus").waitFor();
  assert.deepEqual(await nameless(ann.page), []);
  await keyboard.press("Escape");
  await ann.page.locator(".people-head [data-new]:focus").waitFor();
});

Deno.test("[W92] muted, pinned and archived conversations look so on another device, and a report reaches the operators", async () => {
  await using browser = new Profiles();
  using bob = await Peer.open(server.url, "bob4");
  const ann = await Talker.open(browser, server.url, "ann4");
  await ann.writeTo("bob4");
  await ann.say("hello");
  const mine = bob.chat.conversations[0]?.peer?.id ?? "";
  await (await bob.chat.open(mine)).send("buy my coins");
  await ann.sees("buy my coins");
  const beside = await Visitor.open(browser);
  await beside.page.goto(`${server.url}/login?returnTo=/chat`);
  await beside.signIn("ann4");
  const row = beside.page.locator(".row", { hasText: "bob4" });
  await row.waitFor();
  const choose = async (what: string) => {
    await ann.page.click("[data-talk-menu]");
    await ann.page.locator(".popup .menu-item", { hasText: what }).click();
  };
  await choose("Mute");
  await row.locator(".row-marks [title=Muted]").waitFor();
  await choose("Pin");
  await row.locator("[title=Pinned]").waitFor();
  await choose("Archive");
  await row.waitFor({ state: "detached" });
  await beside.page.locator(".people-filters label", { hasText: "Archived" }).click();
  await row.waitFor();
  await ann.act("buy my coins", "Report");
  await ann.page.selectOption("#report-reason", "spam");
  await ann.page.fill("#report-note", "again");
  await ann.page.click("dialog[open] button[type=submit]");
  await ann.toast("Thank you");
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const { body } = await new HttpClient(server.url, key).get<{ reports: Record<string, unknown>[] }>(
    "/v1/reports",
  );
  assert.equal(body.reports.length, 1);
  assert.deepEqual([body.reports[0]?.reason, body.reports[0]?.note], ["spam", "again"]);
});

Deno.test("[W93] a guest is told that chat belongs to an account, and led back with one", async () => {
  await using browser = new Profiles();
  using bob = await Peer.open(server.url, "bob5");
  const ann = await Visitor.open(browser);
  await ann.page.goto(`${server.url}/chat/with/${bob.id}`);
  await ann.page.locator(".missing [data-register]").click();
  await ann.page.fill("#login", "ann5");
  await ann.page.fill("#password", "correct horse battery");
  await ann.page.press("#password", "Enter");
  await ann.page.locator(".talk-title", { hasText: "bob5" }).waitFor();
  assert.deepEqual(ann.complaints, []);
});

Deno.test("[W95] people with an account are found by login, by those who have one", async () => {
  await using own = await startServer(CHEAP);
  const ann = await CookieClient.member(own.url, "ann");
  const { users } = await ann.must<{ users: { login: string }[] }>(200, "GET", "/v1/users?login=ANN");
  assert.deepEqual(users.map(({ login }) => login), ["ann"]);
  assert.deepEqual(await ann.must(200, "GET", "/v1/users?login=nobody"), { users: [] });
  await ann.must(422, "GET", "/v1/users?login=ann@example.org");
  await new CookieClient(own.url).must(401, "GET", "/v1/users?login=ann");
  const guest = await HttpClient.guest(own.url);
  assert.equal((await guest.get("/v1/users?login=ann")).status, 403);
  const statuses = new Set<number>();
  for (let n = 0; n < 70; n++) statuses.add((await ann.send("GET", "/v1/users?login=ann")).status);
  assert.deepEqual([...statuses], [200, 429]);
});

Deno.test("[W96] every page has the same top bar, which says where one is", async () => {
  await using browser = new Profiles();
  const { page } = await Visitor.open(browser);
  const { id } = await (await HttpClient.guest(server.url)).room();
  const places = {
    "/": "Live",
    [`/rooms/${id}`]: "Live",
    "/chat": "Chat",
    "/ai": "AI",
    "/login": undefined,
    "/docs": undefined,
  };
  for (const [path, place] of Object.entries(places)) {
    await page.goto(server.url + path);
    await page.locator("main > *").first().waitFor();
    const links = await page.locator(".topbar-nav a").evaluateAll((links) =>
      links.map((link) => link.getAttribute("href"))
    );
    assert.deepEqual(links, ["/", "/chat", "/ai"], path);
    const current = await page.locator(".topbar-nav [aria-current]").allTextContents();
    assert.deepEqual(current.map((text) => text.trim()), place === undefined ? [] : [place], path);
  }
});
