/**
 * Finds out who sends a request, as every route does, and prints one line of JSON: microseconds for a token that was
 * not seen before and for one that was, and how often the database was asked. Arguments: seconds per case.
 */
import { MemoryBroker } from "actors/bus/memory.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { Drops } from "actors/runtime/drops.ts";
import { Ids } from "actors/runtime/ids.ts";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { Cookies } from "routes/cookies.ts";
import { Authenticator } from "routes/identify.ts";
import { Origin } from "routes/origin.ts";
import { PublicKeys } from "routes/public_keys.ts";
import { Revocations } from "routes/revocations.ts";
import { SigningKeys } from "routes/signing_key.ts";
import { GUEST_TOKEN_MS, Tokens } from "routes/tokens.ts";
import { openSqlite } from "storage/sqlite.ts";
import { callsPerSecond } from "./pace.ts";

const SLICE_MS = 50;
/** Sessions that have ended, of which every node knows. */
const ENDED = 50_000;
const EACH_EVENT = 10_000;
const TOKENS = 2_000;
const WARM_UP = 500;
const NEVER_MS = 86_400_000;

const seconds = Number(Deno.args[0]);
const dataDir = await Deno.makeTempDir({ prefix: "barrage-bench-tokens-" });
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => Deno.remove(dataDir, { recursive: true }));

await using storage = await openSqlite({ path: ":memory:" });
await using bus = new MemoryBroker({ onError: (error) => console.error(error) }).connect();
using clock = new SystemClock();
const ids = new Ids(clock, Math.random);
const now = () => clock.now();

let asked = 0;
function counted<A extends unknown[], R>(ask: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return (...args) => {
    asked++;
    return ask(...args);
  };
}
const { tokenKeys, revocations: ended, apiKeys } = storage;
const open = { dataDir, clock, rotationMs: NEVER_MS, tokenMaxMs: GUEST_TOKEN_MS };
using signing = await SigningKeys.open({ ...open, store: tokenKeys });
const keys = new PublicKeys({ all: counted((at) => tokenKeys.all(at)) }, clock);
const tokens = new Tokens({ signing, keys, now, accessMs: 1_800_000, cachedMax: 10_000 });
using revocations = await Revocations.open({
  store: { after: (n, at, limit) => ended.after(n, at, limit), has: counted((id) => ended.has(id)) },
  ...{ bus, clock, drops: new Drops(), max: 100_000, pollMs: NEVER_MS },
});
const origin = new Origin(undefined);
const authenticator = new Authenticator({
  ...{ tokens, revocations, origin },
  keys: new ApiKeyChecker({ read: counted((id) => apiKeys.read(id)) }, clock),
  cookies: new Cookies(origin),
});

for (let sent = 0; sent < ENDED; sent += EACH_EVENT) {
  const sessions = Array.from({ length: EACH_EVENT }, () => ({ id: ids.next(), until: now() + NEVER_MS }));
  bus.publish("barrage.v1.evt.account.X.ended", new TextEncoder().encode(JSON.stringify({ sessions })));
}
while (revocations.size < ENDED) await clock.yield();

async function issue(): Promise<string> {
  const user = { id: ids.next(), name: "Somebody" };
  return (await tokens.issueAccess({ user, standing: "member", session: ids.next() })).token;
}
function request(headers: Record<string, string>): Request {
  return new Request("http://localhost:8080/v1/rooms", { method: "POST", headers });
}
type Credential = "header" | "cookie";
const carry: Readonly<Record<Credential, (token: string) => Request>> = {
  header: (token) => request({ authorization: `Bearer ${token}` }),
  cookie: (token) => request({ cookie: `barrage=${token}`, origin: "http://localhost:8080" }),
};

async function measure(by: Credential): Promise<{ firstUs: number; knownUs: number }> {
  const issued = await Promise.all(Array.from({ length: WARM_UP + TOKENS }, issue));
  const requests = issued.map(carry[by]);
  for (const sent of requests.splice(0, WARM_UP)) await authenticator.identify(sent);
  const began = performance.now();
  for (const sent of requests) await authenticator.identify(sent);
  const firstUs = (performance.now() - began) / TOKENS * 1_000;
  let turn = 0;
  const call = () => authenticator.identify(requests[turn++ % TOKENS]!);
  await callsPerSecond(1, call, Math.min(1, seconds), SLICE_MS);
  return { firstUs, knownUs: 1e6 / await callsPerSecond(1, call, seconds, SLICE_MS) };
}

asked = 0;
const header = await measure("header");
const cookie = await measure("cookie");
console.log(JSON.stringify({ header, cookie, queries: asked }));
