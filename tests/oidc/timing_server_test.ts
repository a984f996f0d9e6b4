import { deepEqual, equal, match } from "node:assert/strict";
import { AccountStage, ALICE, member } from "tests/support/account_stage.ts";
import { OidcProvider } from "tests/support/oidc_provider.ts";
import { FLOW_MS, oidcApp } from "tests/support/oidc_stage.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";
import { ulid } from "tests/support/room_stage.ts";

const HOME = "http://127.0.0.1:8080";
const PERSON = { sub: "alice", name: "Alice", preferred_username: "alice_at_corp" };
const CONFIRMED_MS = 600_000;
const HOUR_MS = 3_600_000;

let corp: OidcProvider;
let other: OidcProvider;

Deno.test.beforeAll(async () => {
  [corp, other] = await Promise.all([
    OidcProvider.start(),
    OidcProvider.start({ id: "other", secret: "secret of other" }),
  ]);
});
Deno.test.afterAll(async () => {
  await corp[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** Alice, signed in, in her browser. */
async function opened() {
  const { stage, process } = await AccountStage.withAlice();
  const caller = await process.signIn(1);
  const alice = process.account(caller);
  const browser = new Traveller(HOME, undefined, oidcApp(process, [corp, other], { caller }));
  return { stage, process, alice, browser };
}

Deno.test("[A64] whoever comes back after OIDC_FLOW_MINUTES begins anew", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const browser = new Traveller(HOME, undefined, oidcApp(process, [corp]));
  const callback = await browser.signInThere(await browser.leave("corp", { returnTo: "/rooms" }), PERSON);
  await stage.jump(FLOW_MS);
  equal(await browser.comeBack(callback), "/login?error=gone&returnTo=%2F");
  equal(await stage.storage.accounts.byIdentity(corp.issuer, "alice"), undefined);
  equal(await browser.travel("corp", PERSON, { returnTo: "/rooms" }), "/rooms");
});

Deno.test("[A61] two browsers that bring the same newcomer at once make one account", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const both = Promise.withResolvers<void>();
  let waiting = 0;
  const looked = () => {
    if (++waiting === 2) both.resolve();
    return both.promise;
  };
  const app = oidcApp(process, [corp], { looked });
  const ends = await Promise.all([1, 2].map(async () => {
    const browser = new Traveller(HOME, undefined, app);
    return [await browser.travel("corp", PERSON), browser.home.cookies.has("barrage")];
  }));
  deepEqual(ends, [["/", true], ["/", true]]);
  equal((await stage.storage.accounts.list({ limit: 9 })).length, 1);
});

Deno.test("[A69] linking needs a proof of a short while ago, at its beginning and at its end", async () => {
  const { stage, alice, browser } = await opened();
  await using _ = stage;
  const query = { purpose: "link", returnTo: "/account?tab=1#other" };
  const callback = await browser.signInThere(await browser.leave("corp", query), PERSON);
  await stage.jump(CONFIRMED_MS - 1);
  const late = await browser.signInThere(await browser.leave("corp", query), PERSON);
  await stage.jump(1);
  equal(await browser.comeBack(callback), "/login?error=gone&returnTo=%2F");
  equal(await browser.comeBack(late), "/account?tab=1&error=confirmation_required#other");
  equal(await browser.leave("corp", query), "/account?tab=1&error=confirmation_required#other");
  deepEqual((await alice.read({})).identities, []);
});

Deno.test("[A71] signing in again at a provider that is linked stands for the password", async () => {
  const { stage, process, alice, browser } = await opened();
  await using _ = stage;
  equal(await browser.travel("corp", PERSON, { purpose: "link" }), "/");
  await stage.jump(CONFIRMED_MS);
  equal(await browser.travel("other", PERSON, { purpose: "link" }), "/?error=confirmation_required");
  equal(await browser.travel("corp", PERSON, { purpose: "confirm", returnTo: "/account" }), "/account");
  equal(await browser.travel("other", PERSON, { purpose: "link" }), "/");
  deepEqual((await alice.read({})).identities.map(({ provider }) => provider), ["corp", "other"]);
  const confirmed = (await stage.audited()).filter(({ event }) => event === "session.confirmed");
  deepEqual(confirmed.map(({ detail }) => detail), [{ session: ulid(1), by: "identity" }]);
  // Nobody else's sign-in does.
  await stage.jump(CONFIRMED_MS);
  const stranger = await browser.unknownThere().travel("corp", { sub: "mallory" }, { purpose: "confirm" });
  equal(stranger, "/?error=confirmation_required");
  // Nor for a session that has ended meanwhile.
  const callback = await browser.signInThere(await browser.leave("corp", { purpose: "confirm" }), PERSON);
  await process.account(member(ulid(1))).signOut({ which: "all" });
  equal(await browser.comeBack(callback), "/?error=unauthenticated");
});

Deno.test("[A71] being signed in at the provider is not enough to confirm", async () => {
  const { stage, alice, browser } = await opened();
  await using _ = stage;
  equal(await browser.travel("corp", PERSON, { purpose: "link" }), "/");
  await stage.jump(CONFIRMED_MS);
  const away = new URL(await browser.leave("corp", { purpose: "confirm" }));
  deepEqual([away.searchParams.get("prompt"), away.searchParams.get("max_age")], ["login", "0"]);
  // Whoever sits at an unlocked computer could take these away: the provider asks nothing then.
  away.searchParams.delete("prompt");
  away.searchParams.delete("max_age");
  equal(await browser.travelOn(away.href, "nobody asks"), "/?error=unauthenticated");
  equal((await stage.audited()).some(({ event }) => event === "session.confirmed"), false);
  equal((await alice.read({})).identities.length, 1);
});

Deno.test("[A73] what a provider said of itself holds until it can be asked again", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  await stage.jump(1);
  await using passing = await OidcProvider.start({ id: "passing" });
  const browser = new Traveller(HOME, undefined, oidcApp(process, [passing]));
  match(await browser.leave("passing"), /^http:/);
  await passing.stop();
  await stage.jump(2 * HOUR_MS);
  match(await browser.leave("passing"), /^http:/);
  await passing.start();
  match(await browser.leave("passing"), /^http:/);
  match(await browser.leave("passing"), /^http:/);
  equal(passing.asked, 1);
});

Deno.test("[A76] providers are told PUBLIC_URL; without it only a loopback address is told", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const told = async (url: string, publicUrl?: string) => {
    const browser = new Traveller(url, undefined, oidcApp(process, [corp], publicUrl ? { publicUrl } : {}));
    const away = await browser.leave("corp");
    return away.startsWith("/") ? away : new URL(away).searchParams.get("redirect_uri");
  };
  const callback = "/v1/oidc/corp/callback";
  equal(await told("http://10.0.0.7:8080", "https://live.example"), `https://live.example${callback}`);
  equal(await told("http://127.0.0.1:8080"), `http://127.0.0.1:8080${callback}`);
  match(await told("http://attacker.example") ?? "", /^\/login\?error=unavailable&/);
  equal(await stage.storage.accounts.read(ALICE).then((alice) => alice?.identities.length), 0);
});
