import { deepEqual, equal, ok } from "node:assert/strict";
import type { SignedIn } from "protocol/accounts.ts";
import { AccountSite } from "tests/support/account_site.ts";
import { PASSWORD } from "tests/support/cookie_client.ts";

const MINUTE = 60_000;
const [HOME, AWAY] = ["203.0.113.7", "198.51.100.1"];

async function site(...logins: readonly string[]): Promise<AccountSite> {
  const site = await AccountSite.open();
  for (const login of logins) await site.register(login, PASSWORD);
  return site;
}

/** Signs in with a browser; `known` is what it was given before. */
function signIn(site: AccountSite, login: string, password: string, address: string, known?: string) {
  const headers = known === undefined ? {} : { cookie: `barrage_known=${known}` };
  return site.send<SignedIn & { reason?: string }>(
    "POST",
    "/v1/login",
    { login, password },
    headers,
    address,
  );
}

async function statuses(times: number, deed: () => Promise<{ status: number }>): Promise<number[]> {
  const all = [];
  for (let n = 0; n < times; n++) all.push((await deed()).status);
  return all;
}

function attack(site: AccountSite, login: string, address: string, times = 12): Promise<number[]> {
  return statuses(times, () => signIn(site, login, "wrong", address));
}

async function knownFor(site: AccountSite, login: string): Promise<string> {
  const { status, cookies } = await signIn(site, login, PASSWORD, HOME);
  equal(status, 200);
  return cookies.barrage_known!;
}

Deno.test("[A15] whoever guesses from one address keeps nobody out who comes from another", async () => {
  await using alices = await site("alice");
  for (const login of ["alice", "nobody"]) {
    deepEqual(await attack(alices, login, AWAY), [...Array(10).fill(401), 429, 429]);
  }
  equal((await signIn(alices, "alice", PASSWORD, AWAY)).status, 429);
  equal((await signIn(alices, "alice", PASSWORD, HOME)).status, 200);
  // For as long as one likes, one a minute.
  for (let minute = 0; minute < 2; minute++) {
    await alices.stage.clock.advance(MINUTE);
    deepEqual(await attack(alices, "alice", AWAY, 2), [401, 429]);
  }
  equal((await signIn(alices, "alice", PASSWORD, HOME)).status, 200);
});

Deno.test("[A15] addresses of one IPv6 network count as one", async () => {
  await using alices = await site("alice");
  deepEqual(await attack(alices, "alice", "2001:db8::1", 10), Array(10).fill(401));
  equal((await signIn(alices, "alice", PASSWORD, "2001:db8::2")).status, 429);
  equal((await signIn(alices, "alice", PASSWORD, "2001:db8:0:1::2")).status, 200);
});

Deno.test("[A15] all addresses together have fifty, and five a minute", async () => {
  await using alices = await site("alice");
  for (let n = 1; n <= 5; n++) {
    deepEqual(await attack(alices, "alice", `198.51.100.${n}`, 10), Array(10).fill(401));
  }
  const late = await signIn(alices, "alice", PASSWORD, HOME);
  deepEqual([late.status, late.body.reason], [429, "rate_limited"]);
  await alices.stage.clock.advance(MINUTE);
  const next = [];
  for (let n = 1; n <= 8; n++) next.push((await signIn(alices, "alice", "wrong", `192.0.2.${n}`)).status);
  deepEqual(next, [...Array(5).fill(401), ...Array(3).fill(429)]);
});

Deno.test("[A23] nobody is kept out of the browser that he has used before, and it has no more guesses than others", async () => {
  await using alices = await site("alice");
  const known = await knownFor(alices, "alice");
  for (let n = 1; n <= 6; n++) await attack(alices, "alice", `198.51.100.${n}`);
  equal((await signIn(alices, "alice", PASSWORD, HOME)).status, 429);
  const { status, cookies } = await signIn(alices, "ALICE", PASSWORD, AWAY, known);
  equal(status, 200);
  ok(cookies.barrage_known !== known);
  deepEqual(await statuses(12, () => signIn(alices, "alice", "wrong", HOME, known)), [
    ...Array(9).fill(401),
    ...Array(3).fill(429),
  ]);
  equal((await signIn(alices, "alice", PASSWORD, HOME, known)).status, 429);
  await alices.stage.clock.advance(MINUTE);
  equal((await signIn(alices, "alice", PASSWORD, HOME, known)).status, 200);
});

Deno.test("[A23] a browser that is known to somebody else, or says so itself, is like any other", async () => {
  await using people = await site("alice", "bob");
  const known = await knownFor(people, "alice");
  const { body } = await signIn(people, "bob", PASSWORD, HOME);
  const [header, payload, signature] = known.split(".") as [string, string, string];
  const bobs = btoa(atob(payload).replace(/"sub":"\w+"/, `"sub":"${body.user.id}"`)).replace(/=+$/, "");
  for (const given of [known, `${header}.${bobs}.${signature}`, body.token, "nonsense"]) {
    await attack(people, "bob", AWAY);
    equal((await signIn(people, "bob", PASSWORD, AWAY, given)).status, 429);
  }
});

Deno.test("[A23] to be known signs nobody in, and stays when he signs out; programs are not told", async () => {
  await using alices = await site("alice");
  const { cookies } = await signIn(alices, "alice", PASSWORD, HOME);
  const known = cookies.barrage_known!;
  for (const headers of [{ cookie: `barrage=${known}` }, { authorization: `Bearer ${known}` }]) {
    equal((await alices.send("GET", "/v1/account", undefined, headers)).status, 401);
  }
  const signedIn = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
  const out = await alices.send("POST", "/v1/logout", undefined, { cookie: signedIn });
  equal(out.status, 204);
  deepEqual([out.cookies.barrage, out.cookies.barrage_known], ["", undefined]);
  const given = { login: "alice", password: PASSWORD, transport: "body" };
  deepEqual((await alices.send("POST", "/v1/login", given)).cookies, {});
});
