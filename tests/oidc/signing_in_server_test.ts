import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import type { Account } from "protocol/accounts.ts";
import type { BegunOidc } from "protocol/oidc.ts";
import type { z } from "zod";
import { CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcSite } from "tests/support/oidc_site.ts";
import { type Person, Traveller } from "tests/support/oidc_traveller.ts";

let site: OidcSite;

Deno.test.beforeAll(async () => {
  site = await OidcSite.start([
    { id: "corp", secret: "a secret + of % corp" },
    { id: "public" },
    { id: "in-body", secret: "a secret + of % in-body", inBody: true },
  ]);
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

/** Signs in at corp with a new browser. */
async function signedIn(person: Person): Promise<{ browser: Traveller; account: Account }> {
  const browser = site.browser();
  equal(await browser.travel("corp", person), "/");
  return { browser, account: await accountOf(browser) };
}

function accountOf({ home }: Traveller): Promise<Account> {
  return home.must<Account>(200, "GET", "/v1/account");
}

Deno.test("[A60] the providers of oidc.json are listed, and nothing else that stands there", async () => {
  const { body } = await new HttpClient(site.url).get<unknown>("/v1/oidc");
  deepEqual(body, {
    providers: ["corp", "public", "in-body"].map((id) => ({ id, name: `Provider ${id}` })),
  });
  equal(await site.browser().leave("unknown"), "/login?error=not_found&returnTo=%2F");
});

Deno.test("[A61] whoever comes for the first time gets an account, is signed in and is back where he was", async () => {
  const browser = site.browser();
  const person = { sub: "1", name: "Ann B.", preferred_username: "Ann.B", email: "ann@example.org" };
  equal(await browser.travel("corp", person, { returnTo: "/rooms/x?tab=1#end" }), "/rooms/x?tab=1#end");
  const { login, name, hasPassword, contacts, identities } = await accountOf(browser);
  deepEqual([login, name, hasPassword, contacts], ["ann.b", "Ann B.", false, []]);
  deepEqual(identities.map(({ provider }) => provider), ["corp"]);
  deepEqual([...browser.home.cookies.keys()].sort(), [
    "barrage",
    "barrage_device",
    "barrage_known",
    "barrage_oidc",
    "barrage_refresh",
  ]);
});

Deno.test("[A61] a client without a secret signs in, too, and one that has to send it in the body", async () => {
  for (const provider of ["public", "in-body"]) {
    const browser = site.browser();
    equal(await browser.travel(provider, { sub: "1", preferred_username: `ann-${provider}` }), "/");
    equal((await accountOf(browser)).login, `ann-${provider}`);
  }
});

Deno.test("[A62] whoever comes again has the same account, whatever he is called by then", async () => {
  const { account } = await signedIn({
    sub: "2",
    name: "Bob",
    preferred_username: "bob",
    email: "b@example.org",
  });
  const again = await signedIn({
    sub: "2",
    name: "Robert",
    preferred_username: "rob",
    email: "r@example.org",
  });
  deepEqual(again.account, account);
  // One subject, another provider: somebody else.
  const browser = site.browser();
  await browser.travel("public", { sub: "2", name: "Bob", preferred_username: "bob" });
  notEqual((await accountOf(browser)).id, account.id);
});

Deno.test("[A61] an address or a name in common opens no account that is there", async () => {
  const carol = await CookieClient.member(site.url, "carol");
  const { id } = await carol.must<Account>(200, "GET", "/v1/account");
  const { account } = await signedIn({ sub: "3", preferred_username: "carol", email: "carol@example.org" });
  notEqual(account.id, id);
  match(account.login, /^carol-[0-9a-f]{8}$/);
  const other = await signedIn({ sub: "4", email: "carol@example.org" });
  notEqual(other.account.id, account.id);
});

Deno.test("[A64] several tabs of one browser may be on their way at once", async () => {
  const browser = site.browser();
  const first = await browser.leave("corp", { returnTo: "/first" });
  const second = await browser.leave("corp", { returnTo: "/second" });
  equal(await browser.travelOn(second, { sub: "6", preferred_username: "eve" }), "/second");
  equal(await browser.travelOn(first, "nobody asks"), "/first");
});

Deno.test("[A72] a guest who comes for the first time becomes the account; one who is known stays a guest", async () => {
  const guest = await HttpClient.guest(site.url, "Gustav");
  const room = await guest.room({}, "Of a guest");
  const browser = site.browser();
  const begin = () => begun(browser, guest.token);
  equal(await browser.travelOn(await begin(), { sub: "7", preferred_username: "gustav" }), "/rooms");
  const account = await accountOf(browser);
  deepEqual([account.id, account.name], [room.owner.id, "gustav"]);
  equal((await guest.post("/v1/rooms", { title: "Another" })).status, 401);
  await browser.home.must(200, "PATCH", `/v1/rooms/${room.id}`, { title: "Of a member" });

  const known = await HttpClient.guest(site.url, "Gerda");
  const elsewhere = site.browser();
  const there = await begun(elsewhere, known.token);
  equal(await elsewhere.travelOn(there, { sub: "7" }), "/rooms");
  equal((await accountOf(elsewhere)).id, account.id);
  equal((await known.post("/v1/rooms", { title: "Still a guest" })).status, 201);
});

/** As a page does that has a guest's token and no cookie. */
async function begun({ home }: Traveller, token: string): Promise<string> {
  home.headers["authorization"] = `Bearer ${token}`;
  const begun = await home.must<z.infer<typeof BegunOidc>>(200, "POST", "/v1/oidc/corp/start", {
    returnTo: "/rooms",
  });
  delete home.headers["authorization"];
  return begun.url;
}

Deno.test("[A72] a program begins nothing, and nobody does with a token that is not valid", async () => {
  const key = (await Deno.readTextFile(`${site.server.dataDir}/operator_key`)).trim();
  for (const [token, purpose] of [[key, "link"], ["made-up", "sign_in"]]) {
    const { home } = site.browser();
    home.headers["authorization"] = `Bearer ${token}`;
    const { status } = await home.send("POST", "/v1/oidc/corp/start", { purpose });
    equal(status, token === key ? 403 : 401);
  }
});

Deno.test("[A69] an account is linked, signs in that way, and an identity has one account", async () => {
  const home = await CookieClient.member(site.url, "frida");
  const browser = new Traveller(site.url, home);
  const linking = { purpose: "link", returnTo: "/account" };
  equal(await browser.travel("corp", { sub: "8", preferred_username: "frida8" }, linking), "/account");
  const frida = await accountOf(browser);
  deepEqual([frida.login, frida.identities.map(({ provider }) => provider)], ["frida", ["corp"]]);
  const { account } = await signedIn({ sub: "8" });
  equal(account.id, frida.id);

  const greta = await CookieClient.member(site.url, "greta");
  const taken = await new Traveller(site.url, greta).travel("corp", { sub: "8" }, linking);
  equal(taken, "/account?error=conflict");
  deepEqual((await greta.must<Account>(200, "GET", "/v1/account")).identities, []);
  equal(await site.browser().leave("corp", linking), "/account?error=unauthenticated");
});

Deno.test("[A70] an identity is unlinked, but not the only way to sign in", async () => {
  const home = await CookieClient.member(site.url, "hanna");
  await new Traveller(site.url, home).travel("corp", { sub: "9" }, { purpose: "link" });
  const { identities } = await home.must<Account>(200, "DELETE", "/v1/account/identities/corp");
  deepEqual(identities, []);
  // Whoever comes with it now is somebody new.
  notEqual((await signedIn({ sub: "9", preferred_username: "hanna" })).account.login, "hanna");

  const { browser } = await signedIn({ sub: "10", preferred_username: "ida" });
  const last = await browser.home.send("DELETE", "/v1/account/identities/corp");
  deepEqual([last.status, last.body.reason], [409, "conflict"]);
  await browser.home.must(200, "POST", "/v1/account/password", { password: PASSWORD });
  await browser.home.must(200, "DELETE", "/v1/account/identities/corp");
  equal((await browser.home.send("POST", "/v1/login", { login: "ida", password: PASSWORD })).status, 200);
});

Deno.test("[A61] a session that was there ends, as with a password", async () => {
  const home = await CookieClient.member(site.url, "jan");
  const old = home.cookies.get("barrage") ?? "";
  const browser = new Traveller(site.url, home);
  equal(await browser.travel("corp", { sub: "11", preferred_username: "jana" }), "/");
  notEqual((await accountOf(browser)).login, "jan");
  equal((await new HttpClient(site.url, old).get("/v1/account")).status, 401);
});

Deno.test("[SW10] while nothing can be written who has an account signs in, and nobody gets one or links anything", async () => {
  const { browser: known, account } = await signedIn({ sub: "sw-10", preferred_username: "switched" });
  const member = await CookieClient.member(site.url, "switched-member");
  const text = await Deno.readTextFile(`${site.server.dataDir}/operator_key`);
  const operator = new HttpClient(site.url, text.trim());
  equal((await operator.put("/v1/switches/read-only", {})).status, 200);
  const again = site.browser();
  equal(await again.travel("corp", { sub: "sw-10" }), "/");
  equal((await accountOf(again)).id, account.id);
  equal(await site.browser().travel("corp", { sub: "sw-11" }), "/login?error=read_only&returnTo=%2F");
  const linking = new Traveller(site.url, member);
  equal(await linking.travel("corp", { sub: "sw-12" }, { purpose: "link" }), "/?error=read_only");
  equal((await operator.delete("/v1/switches/read-only")).status, 200);
  deepEqual((await accountOf(known)).identities.length, 1);
  deepEqual((await accountOf(linking)).identities, []);
});
