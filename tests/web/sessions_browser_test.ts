import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Route } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

const SKEWED_CLOCK = fileURLToPath(new URL("../faults/skewed_clock.ts", import.meta.url));
const HOUR = 3_600_000;

async function roomOn(url: string): Promise<string> {
  return (await (await HttpClient.guest(url)).room()).id;
}

/** The access token of the page's cookie; no script of the page can read it. */
async function accessToken({ page }: Visitor): Promise<string> {
  const cookies = await page.context().cookies();
  return cookies.find(({ name }) => name === "barrage")?.value ?? "";
}

/** Says something now and then, until the server refuses the token. */
async function chatUntilOver(visitors: readonly Visitor[], url: string, token: string): Promise<void> {
  const ended = async () => (await new HttpClient(url, token).get("/v1/account")).status === 401;
  for (let n = 0; !await ended(); n++) {
    for (const [i, visitor] of visitors.entries()) await visitor.say(`word ${n} of tab ${i}`);
    await visitors[0]?.page.waitForTimeout(200);
  }
}

/** For tests that neither kill it nor need it to be special. */
let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[W66] over the end of their tokens two tabs chat on over the sockets they have, and one refreshes for both", async () => {
  await using server = await startServer({
    ...CHEAP,
    ACCESS_TOKEN_SECONDS: 6,
    REFRESH_EVERY_SECONDS: 0,
    REFRESH_GRACE_SECONDS: 0,
  });
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann");
  const beside = await ann.tab();
  const sockets = [ann, beside].map(({ page }) => {
    const seen: string[] = [];
    page.on("websocket", (socket) => seen.push(socket.url()));
    return seen;
  });
  let refreshes = 0;
  ann.page.context().on("request", (request) => refreshes += Number(request.url().endsWith("/v1/refresh")));
  await ann.enter(server.url, room);
  await beside.enter(server.url, room);
  for (let round = 1; round <= 2; round++) {
    await chatUntilOver([ann, beside], server.url, await accessToken(ann));
    assert.equal(refreshes, round);
  }
  await ann.say("the last word");
  await beside.untilChat("the last word");
  assert.deepEqual(sockets.map(({ length }) => length), [1, 1]);
  assert.deepEqual([...ann.complaints, ...beside.complaints], []);
});

Deno.test("[W66] two tabs that cannot agree refresh both, and neither is taken for a thief", async () => {
  await using server = await startServer({ ...CHEAP, ACCESS_TOKEN_SECONDS: 60 });
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  const context = ann.page.context();
  // As over plain HTTP at an address of the local network, where browsers have no locks.
  await context.addInitScript("Object.defineProperty(navigator, 'locks', { value: undefined })");
  await context.clock.install();
  await ann.register(server.url, "ann");
  const beside = await ann.tab();
  await ann.enter(server.url, room);
  await beside.enter(server.url, room);
  const held: Route[] = [];
  const both = Promise.withResolvers<void>();
  await context.route("**/v1/refresh", (route) => {
    if (held.push(route) === 2) both.resolve();
  });
  const answers = Promise.all(
    [ann, beside].map(({ page }) =>
      page.waitForResponse((response) => response.url().endsWith("/v1/refresh"))
    ),
  );
  await context.clock.fastForward(50_000);
  await both.promise;
  await Promise.all(held.map((route) => route.continue()));
  // The second may come with the token that the first has just been given, a minute too early.
  const statuses = (await answers).map((response) => response.status());
  assert(statuses.includes(200) && statuses.every((status) => [200, 429].includes(status)), `${statuses}`);
  await ann.say("from one");
  await beside.say("from the other");
  await ann.untilChat("from the other");
});

Deno.test("[W67] a session revoked from another browser is over at once, and leads back after signing in", async () => {
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const [first, second] = [await Visitor.open(browser), await Visitor.open(browser)];
  await first.register(server.url, "ann1");
  await first.enter(server.url, room);
  await second.page.goto(`${server.url}/account`);
  await second.signIn("ann1");
  const others = second.page.locator("#sessions .row", { hasNotText: "This browser" });
  await others.waitFor();
  assert.match(await others.textContent() ?? "", /Chrome on Linux.*127\.0\.0\.1/s);
  assert.equal(await second.page.locator("#sessions .row", { hasText: "This browser" }).count(), 1);
  await others.locator("button").click();
  await others.waitFor({ state: "detached" });
  await first.page.locator(".entry-note", { hasText: "You have been signed out" }).waitFor();
  await first.signIn("ann1");
  await first.page.waitForURL(`${server.url}/rooms/${room}`);
  await first.untilLive();
  await first.say("back again");
  await first.untilChat("back again");
});

Deno.test("[W67] all others are signed out with one click", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann2");
  const others = [new CookieClient(server.url), new CookieClient(server.url)];
  for (const other of others) {
    await other.must(200, "POST", "/v1/login", { login: "ann2", password: PASSWORD });
  }
  await ann.page.goto(`${server.url}/account`);
  await ann.page.locator("#sessions .row").nth(2).waitFor();
  await ann.page.click("[data-others]");
  await ann.page.locator("#sessions .row").nth(1).waitFor({ state: "detached" });
  assert(!await ann.page.isVisible("[data-others]"));
  for (const other of others) await other.must(401, "GET", "/v1/account");
});

Deno.test("[W68] who signs out watches on as a guest, and other tabs of the same browser ask to sign in", async () => {
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann3");
  const beside = await ann.tab();
  const connected = ann.page.waitForEvent("websocket");
  await ann.enter(server.url, room);
  const closed = (await connected).waitForEvent("close");
  await beside.page.goto(`${server.url}/account`);
  await beside.page.locator("#sessions .row").waitFor();
  // That the session has ended shows in the socket before it is answered.
  const ended = ann.page.context().waitForEvent("response", {
    predicate: (response) => response.url().endsWith("/v1/refresh") && response.status() === 401,
  });
  await ann.page.route("**/v1/logout", async (route) => {
    const response = await route.fetch();
    await Promise.all([closed, ended]);
    await beside.page.locator(".entry-note").waitFor();
    await route.fulfill({ response });
  });
  await ann.choose("Sign out");
  await ann.page.locator(".account-name", { hasText: "Guest" }).waitFor();
  await ann.untilLive();
  assert.equal(ann.page.url(), `${server.url}/rooms/${room}`);
  await beside.page.locator(".entry-note", { hasText: "You have been signed out" }).waitFor();
  const left = (await ann.page.context().cookies()).filter(({ value }) => value !== "");
  // That somebody has signed in here before is all that is known still.
  assert.deepEqual(left.map(({ name }) => name).filter((name) => name !== "barrage_known"), []);
});

Deno.test("[W68] what one tab signs in is signed in in the others", async () => {
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  const beside = await ann.tab();
  await beside.enter(server.url, room);
  await ann.register(server.url, "ann4");
  await beside.page.locator(".account-name", { hasText: "ann4" }).waitFor();
  await beside.untilLive();
  await beside.say("as a member");
  await beside.untilChat("as a member");
  assert.equal(await beside.page.textContent(".line-name"), "ann4");
});

Deno.test("[W69] a session that ran out meanwhile is no obstacle: rooms are watched as a guest, the account asks to sign in", async () => {
  await using server = await startServer({ ...CHEAP, SKEW_MS: 0 }, ["--preload", SKEWED_CLOCK]);
  await using browser = new Profiles();
  const room = await roomOn(server.url);
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann");
  await server.kill("SIGTERM");
  await server.restart({ SKEW_MS: 2 * HOUR });
  await ann.page.clock.install({ time: Date.now() + 2 * HOUR });
  await ann.enter(server.url, room);
  assert.match(await ann.page.textContent(".account-name") ?? "", /^Guest/);
  await ann.page.goto(`${server.url}/account`);
  await ann.page.locator("#login").waitFor();
  await ann.signIn("ann");
  await ann.page.waitForURL(`${server.url}/account`);
});

Deno.test("[W70] the page's scripts see no token but the one of the hour: neither cookies nor storage have any", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  await ann.register(server.url, "ann5");
  const cookies = await ann.page.context().cookies();
  assert(cookies.length >= 3);
  assert(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax"));
  assert.equal(await ann.page.evaluate("document.cookie"), "");
  const stored = String(await ann.page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })"));
  assert(stored.includes("ann5"));
  for (const { value } of cookies) assert(!stored.includes(value));
  assert(!/eyJ/.test(stored));
});
