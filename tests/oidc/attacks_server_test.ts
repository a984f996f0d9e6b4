import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { CookieClient } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcSite } from "tests/support/oidc_site.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";

const SECRET = "secret-of-the-client";
const VICTIM = { sub: "victim", preferred_username: "victim" };
const MALLORY = { sub: "mallory", preferred_username: "mallory" };
const OVER = "/login?error=gone&returnTo=%2F";
const NOT_VALID = "/login?error=unauthenticated&returnTo=%2F";

let site: OidcSite;

Deno.test.beforeAll(async () => {
  site = await OidcSite.start([{ id: "corp", secret: SECRET }, { id: "other", secret: SECRET }]);
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

function isSignedIn({ home }: Traveller): boolean {
  return home.cookies.has("barrage") || home.cookies.has("barrage_refresh");
}

/** A browser that has signed in at the provider; resolves to where that one sends it back to. */
async function onTheWay(person = VICTIM): Promise<{ browser: Traveller; callback: URL }> {
  const browser = site.browser();
  return { browser, callback: new URL(await browser.signInThere(await browser.leave("corp"), person)) };
}

Deno.test("[A63] a flow uses PKCE with S256, a nonce and a state, each for itself", async () => {
  const browser = site.browser();
  const [one, two] = await Promise.all([browser.leave("corp"), browser.leave("corp")]);
  const secrets = ["state", "nonce", "code_challenge"].flatMap((name) =>
    [one, two].map((url) => new URL(url).searchParams.get(name) ?? "")
  );
  for (const secret of secrets) match(secret, /^[\w-]{43}$/);
  equal(new Set(secrets).size, 6);
  equal(new URL(one).searchParams.get("code_challenge_method"), "S256");
  equal(new URL(one).searchParams.get("response_type"), "code");
});

Deno.test("[A64] a callback that is opened again signs nobody in", async () => {
  const { browser, callback } = await onTheWay();
  equal(await browser.comeBack(callback.href), "/");
  browser.home.cookies.delete("barrage");
  browser.home.cookies.delete("barrage_refresh");
  equal(await browser.comeBack(callback.href), OVER);
  ok(!isSignedIn(browser));
});

Deno.test("[A64] a callback is of no use in another browser: nobody is signed in as somebody else unawares", async () => {
  const { callback } = await onTheWay(MALLORY);
  const stranger = site.browser();
  equal(await stranger.comeBack(callback.href), OVER);
  const { callback: second } = await onTheWay(MALLORY);
  await stranger.leave("corp");
  equal(await stranger.comeBack(second.href), OVER);
  ok(!isSignedIn(stranger));
});

Deno.test("[A64] a state that was made up, mangled or left out is worth nothing", async () => {
  for (
    const state of [undefined, "", "x", "A".repeat(43), "A".repeat(10_000), "a\r\nSet-Cookie: barrage=x"]
  ) {
    const { browser, callback } = await onTheWay();
    if (state === undefined) callback.searchParams.delete("state");
    else callback.searchParams.set("state", state);
    equal(await browser.comeBack(callback.href), OVER);
    ok(!isSignedIn(browser));
  }
});

Deno.test("[A65] an answer counts for the provider that was asked only", async () => {
  const { browser, callback } = await onTheWay();
  const elsewhere = callback.href.replace("/oidc/corp/", "/oidc/other/");
  notEqual(elsewhere, callback.href);
  equal(await browser.comeBack(elsewhere), OVER);
  // Used up by that.
  equal(await browser.comeBack(callback.href), OVER);
  ok(!isSignedIn(browser));
});

Deno.test("[A65] an answer that names another issuer, or none where one was promised, is refused", async () => {
  for (const iss of [site.providers[1]!.issuer, "", undefined]) {
    const { browser, callback } = await onTheWay();
    if (iss === undefined) callback.searchParams.delete("iss");
    else callback.searchParams.set("iss", iss);
    equal(await browser.comeBack(callback.href), NOT_VALID);
    ok(!isSignedIn(browser));
  }
});

Deno.test("[A66] an ID token with another nonce is refused", async () => {
  const browser = site.browser();
  const away = new URL(await browser.leave("corp"));
  away.searchParams.set("nonce", "A".repeat(43));
  equal(await browser.travelOn(away.href, VICTIM), NOT_VALID);
  ok(!isSignedIn(browser));
});

Deno.test("[A66] a code that was tampered with, brought in from another flow, or given twice is refused", async () => {
  const { callback: mallorys } = await onTheWay(MALLORY);
  const injected = mallorys.searchParams.get("code") ?? "";
  for (const code of [injected, "made-up", "", "a\r\nb", undefined]) {
    const { browser, callback } = await onTheWay();
    if (code === undefined) callback.searchParams.delete("code");
    else callback.searchParams.set("code", code);
    equal(await browser.comeBack(callback.href), NOT_VALID, `${code}`);
    const twice = await onTheWay();
    twice.callback.searchParams.append("code", "another");
    equal(await twice.browser.comeBack(twice.callback.href), NOT_VALID);
    ok(!isSignedIn(browser) && !isSignedIn(twice.browser));
  }
});

Deno.test("[A67] the way back leads to a path of this site and nowhere else", async () => {
  const program = new HttpClient(site.url);
  for (
    const returnTo of [
      "https://attacker.example/",
      "//attacker.example",
      "/\\attacker.example",
      "\\\\attacker.example",
      "/\t/attacker.example",
      "/.//attacker.example",
      "/%2e//attacker.example",
      "/a/..//attacker.example",
      "javascript:alert(1)",
      "rooms",
      "",
      "/a\r\nSet-Cookie: barrage=x",
      "/a\nb",
      "/ä",
      `/${"a".repeat(512)}`,
    ]
  ) {
    const query = new URLSearchParams({ returnTo });
    const { status, body } = await program.get(`/v1/oidc/corp/start?${query}`, { "sec-fetch-site": "none" });
    deepEqual([status, body.path], [422, "query.returnTo"], returnTo);
    const posted = await program.post("/v1/oidc/corp/start", { returnTo });
    deepEqual([posted.status, posted.body.path], [422, "body.returnTo"], returnTo);
  }
  const browser = site.browser();
  equal(await browser.travel("corp", VICTIM, { returnTo: "/a/%2f/b?next=//x#//y" }), "/a/%2f/b?next=//x#//y");
});

Deno.test("[A68] another site can make no browser begin, least of all to link what is its own", async () => {
  const victim = await CookieClient.member(site.url, "victoria");
  const browser = new Traveller(site.url, victim);
  for (const from of ["cross-site", "same-site", undefined]) {
    const headers: Record<string, string> = from === undefined ? {} : { "sec-fetch-site": from };
    equal(await browser.leave("corp", {}, headers), "/login?error=forbidden&returnTo=%2F");
    equal(await browser.leave("corp", { purpose: "link" }, headers), "/?error=forbidden");
  }
  victim.headers["origin"] = "https://attacker.example";
  const { status, body } = await victim.send("POST", "/v1/oidc/corp/start", { purpose: "link" });
  deepEqual([status, body.reason], [403, "forbidden"]);
  ok(!victim.cookies.has("barrage_oidc"));
});

Deno.test("[A74] whoever is refused at the provider is back at the login, and nothing it said is repeated", async () => {
  equal(
    await site.browser().travel("corp", "deny", { returnTo: "/a" }),
    "/login?error=forbidden&returnTo=%2Fa",
  );
  const told = [
    ["error", "<script>alert(1)</script>", "forbidden"],
    ["error", "server_error", "unavailable"],
    ["error", "a\r\nSet-Cookie: barrage=x", "forbidden"],
    ["response", "e30.e30.e30", "unauthenticated"],
  ] as const;
  for (const [name, value, reason] of told) {
    const { browser, callback } = await onTheWay();
    callback.searchParams.delete("code");
    callback.searchParams.set(name, value);
    callback.searchParams.set("error_description", "<b>what it said</b>");
    equal(await browser.comeBack(callback.href), `/login?error=${reason}&returnTo=%2F`);
    ok(!isSignedIn(browser));
  }
  ok(!/script|what it said/.test(site.server.errorOutput));
});

Deno.test("[A63] neither the log nor the database has a state, a nonce, a code or a secret", async () => {
  const { browser, callback } = await onTheWay();
  const away = new URL(await browser.leave("other"));
  const secrets = [
    SECRET,
    browser.home.cookies.get("barrage_oidc") ?? "",
    callback.searchParams.get("code") ?? "",
    ...["state", "nonce", "code_challenge"].map((name) => away.searchParams.get(name) ?? ""),
  ];
  callback.searchParams.set("iss", "https://id.example");
  equal(await browser.comeBack(callback.href), NOT_VALID);
  const found: string[] = [site.server.errorOutput];
  for await (const { name } of Deno.readDir(site.server.dataDir)) {
    if (!/^barrage\.db/.test(name)) continue;
    found.push(new TextDecoder("latin1").decode(await Deno.readFile(`${site.server.dataDir}/${name}`)));
  }
  ok(found.join("").includes("oidc_flow"));
  for (const secret of secrets) {
    ok(secret.length > 10);
    ok(!found.some((text) => text.includes(secret)));
  }
});

Deno.test("[A63] the address with the code goes into no cache and to nobody as a referrer", async () => {
  const { callback } = await onTheWay();
  const { headers, body } = await fetch(callback, { redirect: "manual" });
  await body?.cancel();
  deepEqual([headers.get("cache-control"), headers.get("referrer-policy")], ["no-store", "no-referrer"]);
});

Deno.test("[A75] an address makes ACCOUNTS_PER_MINUTE accounts this way, too", async () => {
  await using strict = await OidcSite.start([{ id: "corp" }], { ACCOUNTS_PER_MINUTE: 1 });
  equal(await strict.browser().travel("corp", VICTIM), "/");
  const second = strict.browser();
  equal(await second.travel("corp", MALLORY), "/login?error=rate_limited&returnTo=%2F");
  ok(!isSignedIn(second));
  equal(await strict.browser().travel("corp", VICTIM), "/");
});

Deno.test("[A75] an address begins LOGINS_PER_MINUTE flows and comes back as often", async () => {
  await using strict = await OidcSite.start([{ id: "corp" }], { LOGINS_PER_MINUTE: 2 });
  const browser = strict.browser();
  const limited = "/login?error=rate_limited&returnTo=%2F";
  for (let n = 0; n < 2; n++) match(await browser.leave("corp"), /^http/);
  equal(await browser.leave("corp"), limited);
  const callback = `${strict.url}/v1/oidc/corp/callback?state=x`;
  for (let n = 0; n < 2; n++) equal(await browser.comeBack(callback), OVER);
  equal(await browser.comeBack(callback), limited);
  equal(await strict.server.metric('barrage_drops_total{place="oidc",reason="rate_limited"}'), 2);
});
