import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcSite } from "tests/support/oidc_site.ts";
import { Outbox } from "tests/support/outbox.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

function errorOf(page: Page, field: string) {
  return page.locator(".labelled", { has: page.locator(field) }).locator(".field-error");
}

/** For tests that neither kill it nor need it to be special. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[W60] a guest who registers keeps the room and the name, and nothing complains", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.page.goto(server.url);
  await ann.page.fill("#viewer-name", "Ann");
  await ann.page.fill("#room-title", "Ann's room");
  await ann.page.press("#room-title", "Enter");
  await ann.untilLive();
  await ann.say("as a guest");
  await ann.untilChat("as a guest");
  const room = ann.page.url();
  await ann.choose("Create an account");
  assert.equal(await ann.page.inputValue("#name"), "Ann");
  await ann.page.fill("#login", "ann1");
  await ann.page.fill("#password", PASSWORD);
  await ann.page.press("#password", "Enter");
  await ann.page.waitForURL(room);
  await ann.untilLive();
  await ann.say("as a member");
  await ann.untilChat("as a member");
  assert.deepEqual(await ann.page.locator(".line-name").allTextContents(), ["Ann", "Ann"]);
  assert.equal(await ann.page.locator(".line.own").count(), 2);
  await ann.page.click("[data-edit]");
  await ann.page.fill("#text-dialog-input", "A member's room");
  await ann.page.press("#text-dialog-input", "Enter");
  await ann.page.locator(".room-title", { hasText: "A member's room" }).waitFor();
  assert.equal(await ann.page.evaluate("localStorage.getItem('barrage.guest')"), null);
  assert.deepEqual(ann.complaints, []);
});

Deno.test("[W61] what is wrong with a field stands beside it and is read out, and the keyboard is led there", async () => {
  await using browser = new Profiles();
  const { page } = await Visitor.open(browser);
  await page.goto(`${server.url}/register`);
  await page.click("button[type=submit]");
  assert.equal(await errorOf(page, "#login").textContent(), "Choose a login");
  await page.fill("#login", "no");
  await page.fill("#password", "short");
  await page.press("#password", "Enter");
  await errorOf(page, "#login").getByText("3-32 of a-z").waitFor();
  assert.equal(await page.locator("#login:focus[aria-invalid=true]").count(), 1);
  const described = await page.getAttribute("#login", "aria-describedby") ?? "";
  assert(described.split(" ").includes(await errorOf(page, "#login").getAttribute("id") ?? ""));
  assert.equal(await errorOf(page, "#login").getAttribute("aria-live"), "polite");
  await page.fill("#login", "ann2");
  assert.equal(await errorOf(page, "#login").textContent(), "");
  await page.press("#password", "Enter");
  await errorOf(page, "#password").getByText("at least 8 characters").waitFor();
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.waitForURL(`${server.url}/`);
  const other = await Visitor.open(browser);
  await other.page.goto(`${server.url}/register`);
  await other.page.fill("#login", "ann2");
  await other.page.fill("#password", PASSWORD);
  await other.page.press("#password", "Enter");
  await errorOf(other.page, "#login").getByText("This login is taken").waitFor();
});

Deno.test("[W62] a wrong password is told without a word on which of the two is wrong; a right one leads on", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const [ann, again] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.register(server.url, "ann3");
  await again.page.goto(`${server.url}/rooms/${id}`);
  await again.untilLive();
  await again.page.click("#sign-in");
  await again.signIn("ann3", "not the password");
  await errorOf(again.page, "#password").getByText("Login or password is wrong").waitFor();
  assert.equal(await again.page.locator("#password:focus").count(), 1);
  await again.signIn("nobody", "not the password");
  await errorOf(again.page, "#password").getByText("Login or password is wrong").waitFor();
  await again.signIn("Ann3");
  await again.page.waitForURL(`${server.url}/rooms/${id}`);
  await again.untilLive();
  await again.say("signed in");
  await again.untilChat("signed in");
  assert.equal(await again.page.textContent(".line-name"), "ann3");
});

Deno.test("[W62] signing in leads to no other site", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann4");
  for (
    const elsewhere of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:0", "x"]
  ) {
    await ann.page.goto(`${server.url}/login?${new URLSearchParams({ returnTo: elsewhere })}`);
    await ann.page.locator(".hero").waitFor();
    assert.equal(ann.page.url(), `${server.url}/`);
  }
  // Its path would be another site if it were taken for an address.
  await ann.page.goto(`${server.url}/login?returnTo=/.//evil.example`);
  await ann.page.waitForURL(`${server.url}//evil.example`);
});

Deno.test("[W63] another provider signs a guest in, who keeps id and room, and signs the same person in again", async () => {
  await using site = await OidcSite.start([{}]);
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.page.goto(site.url);
  await ann.page.click("#open-first");
  await ann.untilLive();
  const room = ann.page.url();
  await ann.page.click("#sign-in");
  await ann.page.click("text=Continue with Provider corp");
  await ann.page.fill("[name=sub]", "ann-1");
  await ann.page.fill("[name=claims]", JSON.stringify({ name: "Ann of Corp", preferred_username: "ann" }));
  await ann.page.click("text=Sign in");
  await ann.page.waitForURL(room);
  await ann.untilLive();
  await ann.page.locator(".account-name", { hasText: "Ann of Corp" }).waitFor();
  assert(await ann.page.isVisible("[data-end]"));
  await ann.choose("Sign out");
  await ann.page.locator("#sign-in").waitFor();
  await ann.page.goto(`${site.url}/login`);
  await ann.page.click("text=Continue with Provider corp");
  await ann.page.waitForURL(`${site.url}/`);
  await ann.page.locator(".account-name", { hasText: "Ann of Corp" }).waitFor();
});

Deno.test("[W63] whoever is not let in there is told so on the page for signing in", async () => {
  await using site = await OidcSite.start([{}]);
  await using browser = new Profiles();
  const { page } = await Visitor.open(browser);
  await page.goto(`${site.url}/login?returnTo=/docs`);
  await page.click("text=Continue with Provider corp");
  await page.click("text=Deny");
  await page.locator(".entry-note", { hasText: "You were not let in there" }).waitFor();
  await page.click("text=Continue with Provider corp");
  await page.fill("[name=sub]", "ann-1");
  await page.click("text=Sign in");
  await page.waitForURL(`${site.url}/docs`);
});

Deno.test("[W64] a forgotten password is replaced with a code that went to a contact", async () => {
  await using server = await startServer({ ...CHEAP, MAIL_OUTBOX: "on", CODE_EVERY_SECONDS: 0 });
  await using browser = new Profiles();
  const outbox = new Outbox(server.dataDir);
  const [ann, again] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.register(server.url, "ann");
  await ann.page.goto(`${server.url}/account`);
  await ann.page.fill("#contact-address", "ann@example.org");
  await ann.page.press("#contact-address", "Enter");
  await ann.page.fill("#contact-code", (await outbox.next()).code);
  await ann.page.press("#contact-code", "Enter");
  await ann.page.locator("#contacts .row", { hasText: "ann@example.org" }).waitFor();

  await again.page.goto(`${server.url}/login`);
  await again.page.click("text=Forgotten?");
  await again.page.fill("#login", "ann@example.org");
  await again.page.press("#login", "Enter");
  await again.page.fill("#code", "00000000");
  await again.page.fill("#password", "another battery staple");
  await again.page.press("#password", "Enter");
  await errorOf(again.page, "#code").getByText("The code does not fit").waitFor();
  await again.page.fill("#code", (await outbox.next()).code);
  await again.page.press("#code", "Enter");
  await again.page.locator(".entry-note", { hasText: "Your new password is set" }).waitFor();
  await again.signIn("ann@example.org", "another battery staple");
  await again.page.waitForURL(`${server.url}/`);
  await ann.page.locator(".entry-note", { hasText: "You have been signed out" }).waitFor();
});

Deno.test("[W65] the pages work without a mouse, name every field, and fit a phone", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser, PHONE);
  const sound = async () => {
    const nameless = await ann.page.evaluate(`[...document.querySelectorAll("input, textarea, select")]
      .filter((field) => field.labels.length === 0 && field.ariaHidden !== "true").map(({ id }) => id)`);
    assert.deepEqual(nameless, []);
    const sideways = await ann.page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
    assert.equal(sideways, 0);
  };
  for (const path of ["/login", "/register", "/reset"]) {
    await ann.page.goto(server.url + path);
    await ann.page.locator(".entry-card .field:focus").waitFor();
    await sound();
  }
  await ann.page.goto(`${server.url}/register`);
  await ann.page.keyboard.type("W".repeat(32));
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.type("ann5");
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.type(PASSWORD);
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.press("Space");
  assert.equal(await ann.page.getAttribute("#password", "type"), "text");
  await ann.page.keyboard.press("Enter");
  await ann.page.waitForURL(`${server.url}/`);
  await ann.page.goto(`${server.url}/account`);
  await ann.page.locator("#sessions .row").waitFor();
  await sound();
  await ann.page.focus("#account");
  await ann.page.keyboard.press("Enter");
  await ann.page.keyboard.press("Tab");
  await ann.page.locator(".menu-item:focus", { hasText: "Your account" }).waitFor();
  await ann.page.keyboard.press("Escape");
  assert(!await ann.page.isVisible("#account-menu"));
  assert.deepEqual(ann.complaints, []);
});
