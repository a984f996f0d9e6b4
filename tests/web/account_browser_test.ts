import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcSite } from "tests/support/oidc_site.ts";
import { Outbox } from "tests/support/outbox.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

const SKEWED_CLOCK = fileURLToPath(new URL("../faults/skewed_clock.ts", import.meta.url));
const MINUTE = 60_000;

/** On the page of the account, signed in. */
async function memberOn(server: Pick<Server, "url">, visitor: Visitor, login = "ann"): Promise<Page> {
  const { page } = visitor;
  await visitor.register(server.url, login);
  await page.goto(`${server.url}/account`);
  await page.locator("#sessions .row").waitFor();
  return page;
}

/** For tests that neither kill it nor need it to be special. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[W71] a profile is changed, and an open room in another tab speaks under the new name at once", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const ann = await Visitor.open(browser);
  const page = await memberOn(server, ann, "ann1");
  const room = await ann.tab();
  let sockets = 0;
  room.page.on("websocket", () => sockets++);
  await room.enter(server.url, id);
  await page.fill("#profile-name", "Ann of Arc");
  await page.fill("#profile-bio", "<b>Sings</b>");
  await page.selectOption("[name=privacy-bio]", "nobody");
  await page.selectOption("[name=privacy-lastSeen]", "contacts");
  await page.click("#profile button[type=submit]");
  await page.locator("#profile .form-error", { hasText: "Saved" }).waitFor();
  assert.equal(await page.textContent(".settings-head h1"), "Ann of Arc");
  assert.equal(await page.textContent(".account-name"), "Ann of Arc");
  await room.page.locator(".account-name", { hasText: "Ann of Arc" }).waitFor();
  await room.say("under a new name");
  await room.untilChat("under a new name");
  assert.equal(await room.page.textContent(".line-name"), "Ann of Arc");
  assert.equal(sockets, 1);
  await page.reload();
  await page.locator("#sessions .row").waitFor();
  assert.equal(await page.inputValue("#profile-bio"), "<b>Sings</b>");
  assert.equal(await page.inputValue("[name=privacy-bio]"), "nobody");
  assert.equal(await page.inputValue("[name=privacy-lastSeen]"), "contacts");
  assert.deepEqual([...ann.complaints, ...room.complaints], []);
});

Deno.test("[W72] pictures from elsewhere are shown on the account's page, and nowhere else", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  const asked: string[] = [];
  await ann.page.context().route("https://pictures.example/**", (route) => {
    asked.push(route.request().headers()["referer"] ?? "none");
    return route.fulfill({ contentType: "image/gif", body: "" });
  });
  const page = await memberOn(server, ann, "ann2");
  await page.fill("#profile-avatar", "http://pictures.example/ann.gif");
  await page.press("#profile-avatar", "Enter");
  await page.locator("#profile .field-error:not(:empty)").waitFor();
  await page.fill("#profile-avatar", "https://pictures.example/ann.gif");
  const loaded = page.waitForRequest("https://pictures.example/ann.gif");
  await page.press("#profile-avatar", "Enter");
  await loaded;
  await page.locator(".settings-head img").waitFor({ state: "detached" });
  assert.equal(await page.textContent(".settings-head .avatar"), "A");
  assert.deepEqual(asked, ["none"]);
  for (const path of ["/", "/chat", "/login", "/account"]) {
    const response = await fetch(server.url + path);
    await response.body?.cancel();
    const policy = response.headers.get("content-security-policy") ?? "";
    const elsewhere = path === "/account" ? " https:" : "";
    assert.equal(/img-src[^;]*/.exec(policy)?.[0], `img-src 'self' data:${elsewhere}`, path);
  }
});

Deno.test("[W73] what is sensitive asks for the password once more, and is not done without it", async () => {
  await using server = await startServer(
    { ...CHEAP, MAIL_OUTBOX: "on", SKEW_MS: 0 },
    ["--preload", SKEWED_CLOCK],
  );
  await using browser = new Profiles();
  const page = await memberOn(server, await Visitor.open(browser));
  await server.kill("SIGTERM");
  await server.restart({ SKEW_MS: 11 * MINUTE });
  await page.fill("#contact-address", "ann@example.org");
  await page.press("#contact-address", "Enter");
  await page.locator("#text-dialog", { hasText: "Is it you?" }).waitFor();
  assert.equal(await page.getAttribute("#text-dialog-input", "type"), "password");
  await page.keyboard.press("Escape");
  await page.locator(".add-contact .form-error", { hasText: "Your password is needed" }).waitFor();
  await page.press("#contact-address", "Enter");
  await page.fill("#text-dialog-input", "not the password");
  await page.press("#text-dialog-input", "Enter");
  await page.locator("#text-dialog .form-error", { hasText: "The password is wrong" }).waitFor();
  await page.fill("#text-dialog-input", PASSWORD);
  await page.press("#text-dialog-input", "Enter");
  await page.fill("#contact-code", (await new Outbox(server.dataDir).next()).code);
  await page.press("#contact-code", "Enter");
  await page.locator("#contacts .row button").click();
  await page.locator("#contacts .row").waitFor({ state: "detached" });
});

Deno.test("[W74] a new password needs the present one, and signs every other browser out", async () => {
  await using browser = new Profiles();
  const page = await memberOn(server, await Visitor.open(browser), "ann3");
  const other = new CookieClient(server.url);
  await other.must(200, "POST", "/v1/login", { login: "ann3", password: PASSWORD });
  await page.fill("#password-current", "not the password");
  await page.fill("#password-next", "another battery staple");
  await page.press("#password-next", "Enter");
  const current = page.locator(".labelled", { has: page.locator("#password-current") });
  await current.locator(".field-error", { hasText: "The password is wrong" }).waitFor();
  await page.fill("#password-current", PASSWORD);
  await page.press("#password-current", "Enter");
  await page.locator(".password-form .form-error", { hasText: "1 other browser signed out" }).waitFor();
  assert.equal(await page.inputValue("#password-current"), "");
  await other.must(401, "GET", "/v1/account");
  await other.must(200, "POST", "/v1/login", { login: "ann3", password: "another battery staple" });
});

Deno.test("[W75] a provider is linked and unlinked, but not the last way to sign in", async () => {
  await using site = await OidcSite.start([{}]);
  await using browser = new Profiles();
  const page = await memberOn(site, await Visitor.open(browser));
  const row = page.locator(".linked .row", { hasText: "Provider corp" });
  await row.locator("button", { hasText: "Link" }).click();
  await page.fill("[name=sub]", "ann-1");
  await page.click("text=Sign in");
  await row.getByText("Linked since").waitFor();
  await row.locator("button", { hasText: "Unlink" }).click();
  await row.getByText("Not linked").waitFor();
  const other = await Visitor.open(browser);
  await other.page.goto(`${site.url}/login`);
  await other.page.click("text=Continue with Provider corp");
  await other.page.fill("[name=sub]", "ann-1");
  await other.page.click("text=Sign in");
  await other.page.waitForURL(`${site.url}/`);
  await other.page.goto(`${site.url}/account`);
  const last = other.page.locator(".linked .row", { hasText: "Linked since" });
  await last.waitFor();
  assert.equal(await last.locator("button").count(), 0);
  await other.page.fill("#password-next", "another battery staple");
  await other.page.press("#password-next", "Enter");
  await other.page.locator(".password-form .form-error", { hasText: "Your password is set" }).waitFor();
  await last.locator("button", { hasText: "Unlink" }).waitFor();
  // There she is signed in already.
  await row.locator("button", { hasText: "Link" }).click();
  await page.locator(".settings-alert", { hasText: "belongs to another account" }).waitFor();
  assert.equal(new URL(page.url()).search, "");
});

Deno.test("[W76] an account is deleted by who types its login, and its browser goes on as a guest", async () => {
  await using browser = new Profiles();
  const page = await memberOn(server, await Visitor.open(browser), "ann4");
  await page.click("[data-remove]");
  await page.fill("#text-dialog-input", "somebody else");
  await page.press("#text-dialog-input", "Enter");
  await page.locator("#text-dialog .form-error", { hasText: "That is not your login" }).waitFor();
  await page.fill("#text-dialog-input", "ann4");
  await page.press("#text-dialog-input", "Enter");
  await page.locator(".hero").waitFor();
  await page.locator("#sign-in").waitFor();
  await new CookieClient(server.url).must(401, "POST", "/v1/login", { login: "ann4", password: PASSWORD });
});

Deno.test("[W77] the account's page tells at once when an old sign-in of the account is used again", async () => {
  await using server = await startServer({ ...CHEAP, REFRESH_EVERY_SECONDS: 0, REFRESH_GRACE_SECONDS: 0 });
  await using browser = new Profiles();
  const page = await memberOn(server, await Visitor.open(browser));
  const victim = new CookieClient(server.url);
  await victim.must(200, "POST", "/v1/login", { login: "ann", password: PASSWORD });
  const thief = victim.copy("barrage_refresh", "barrage_device");
  await victim.must(200, "POST", "/v1/refresh");
  await thief.must(401, "POST", "/v1/refresh");
  await page.locator("#text-dialog", { hasText: "Was that you?" }).waitFor();
  await page.click("#text-dialog button[type=submit]");
  await page.waitForURL(`${server.url}/account#sessions`);
});

Deno.test("[W78] the account's page shows what has happened lately, page by page", async () => {
  await using server = await startServer({ ...CHEAP, LOGIN_ATTEMPTS: 1_000 });
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann");
  const other = new CookieClient(server.url);
  for (let n = 0; n < 6; n++) {
    await other.must(200, "POST", "/v1/login", { login: "ann", password: PASSWORD });
    await other.must(204, "POST", "/v1/logout");
  }
  const { page } = ann;
  await page.goto(`${server.url}/account#activity`);
  const rows = page.locator("#activity .row");
  await rows.nth(9).waitFor();
  assert.equal(await rows.count(), 10);
  assert.deepEqual(
    await rows.locator(".row-title").allTextContents(),
    Array(5).fill(["Signed out", "Signed in"]).flat(),
  );
  assert.equal(
    await rows.nth(1).locator(".row-note").textContent(),
    "just now · Firefox on Linux, 127.0.0.*",
  );
  await page.click("#activity [data-more]");
  await rows.nth(13).waitFor();
  assert.equal(await rows.count(), 14);
  assert.equal(await rows.nth(13).locator(".row-title").textContent(), "Account made");
  assert(!await page.isVisible("#activity [data-more]"));
  assert.deepEqual(ann.complaints, []);
});
