import { equal, rejects } from "node:assert/strict";
import { AddressLimiter } from "routes/address_limiter.ts";
import { makeKeyText } from "routes/api_key_text.ts";
import { KeyGuard } from "routes/key_guard.ts";
import { MemoryCache } from "storage/cache/memory.ts";
import { ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const KEY = makeKeyText(ulid(1));

function stage(perMinute: number) {
  const clock = new VirtualClock();
  const now = () => clock.monotonic();
  const guard = new KeyGuard(new AddressLimiter(new MemoryCache(now), "keys", perMinute), now);
  const show = async (status: number, address = "a", authorization: string | undefined = `Bearer ${KEY}`) => {
    const headers = authorization === undefined ? {} : { authorization };
    const request = new Request("http://localhost/v1/rooms", { headers });
    return (await guard.pass(request, address, () => Promise.resolve(new Response(null, { status })))).status;
  };
  return { clock, show };
}

Deno.test("[U10] an address may show so many bad keys a minute, then none is looked at, a good one neither", async () => {
  const { clock, show } = stage(3);
  for (let n = 0; n < 4; n++) equal(await show(401), 401);
  await rejects(show(200), { reason: "rate_limited", details: { retryAfterMs: 20_000 } });
  await clock.advance(19_999);
  await rejects(show(200), { reason: "rate_limited" });
  await clock.advance(1);
  equal(await show(200), 200);
});

Deno.test("[U10] other addresses, other tokens and good keys count for nothing", async () => {
  const { show } = stage(1);
  for (let n = 0; n < 9; n++) {
    equal(await show(200), 200);
    equal(await show(403), 403);
    equal(await show(401, "a", "Bearer eyJhbGciOiJFZERTQSJ9.e30.x"), 401);
    equal(await show(401, "a", ""), 401);
  }
  for (let n = 0; n < 2; n++) equal(await show(401), 401);
  await rejects(show(200), { reason: "rate_limited" });
  await rejects(show(200, "a", `bearer  ${KEY}`), { reason: "rate_limited" });
  equal(await show(200, "b"), 200);
  equal(await show(401, "a", "Bearer eyJhbGciOiJFZERTQSJ9.e30.x"), 401);
});
