import assert from "node:assert/strict";
import { accountFence, accountId, code, createAccounts, session, sessionId, T } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";

const HOUR_MS = 3_600_000;

export function testSessions(name: string, open: OpenStorage): void {
  Deno.test(`[D81] ${name}: sessions are read as they were put, the oldest first`, async () => {
    await using opened = await open();
    const { sessions, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const full = session(2, { region: "DE", previous: { hash: "before", salt: "salt" } });
    await lane.commit(accountFence(1), [
      sessions.put(session(3, { createdAt: T })),
      sessions.put(full),
      sessions.put(session(1)),
    ]);
    const oldest = session(3, { createdAt: T });
    assert.deepEqual(await sessions.of(accountId(1)), [oldest, session(1), full]);
    const refreshed = session(2, {
      device: "Firefox 2",
      deviceHash: "device 2",
      address: "192.0.2.2",
      usedAt: T + 9,
      confirmedAt: T + 8,
      refreshHash: "next",
      refreshedAt: T + 9,
      previous: { hash: "refresh2", salt: "other" },
    });
    await lane.commit(accountFence(1), [sessions.put(refreshed)]);
    assert.deepEqual(await sessions.of(accountId(1)), [oldest, session(1), refreshed]);
    assert.deepEqual(await sessions.of(accountId(2)), []);
  });

  Deno.test(`[D82] ${name}: ended sessions are gone and revoked by the same unit`, async () => {
    await using opened = await open();
    const { sessions, revocations, lane } = opened.storage;
    await createAccounts(opened.storage, 1);
    await lane.commit(accountFence(1), [1, 2, 3].map((n) => sessions.put(session(n))));
    await assert.rejects(lane.commit(accountFence(1, 2), [sessions.end([sessionId(1)], T)]));
    assert.equal(await revocations.has(sessionId(1)), false);
    await lane.commit(accountFence(1), [
      sessions.end([], T + 5),
      sessions.end([sessionId(3), sessionId(1), "guest"], T + 5),
    ]);
    assert.deepEqual(await sessions.of(accountId(1)), [session(2)]);
    const revoked = await revocations.after(0, T, 10);
    assert.deepEqual(
      revoked,
      [sessionId(1), sessionId(3), "guest"].map((id, index) => ({
        id,
        until: T + 5,
        n: index + 1,
      })),
    );
    assert.equal(await revocations.has(sessionId(2)), false);
    assert.equal(await revocations.has("guest"), true);
  });

  Deno.test(`[D83] ${name}: sessions and codes that ran out are swept, a bounded number at a time`, async () => {
    await using opened = await open();
    const { sessions, lane } = opened.storage;
    await createAccounts(opened.storage, 1);
    const now = T + 10 * HOUR_MS;
    const idle = (n: number) => session(n, { usedAt: now - HOUR_MS - 1 });
    const over = session(4, { usedAt: now, endsAt: now - 1 });
    const alive = session(5, { usedAt: now - HOUR_MS + 1, endsAt: now + 1 });
    await lane.commit(accountFence(1), [
      ...[idle(1), idle(2), idle(3), over, alive].map((each) => sessions.put(each)),
      sessions.putCode(code({ purpose: "contact", expiresAt: now - 1 })),
      sessions.putCode(code({ purpose: "reset", expiresAt: now + 1 })),
    ]);
    assert.equal(await sessions.sweep(T, HOUR_MS, 2), 0);
    assert.equal(await sessions.sweep(now, HOUR_MS, 2), 3);
    assert.equal(await sessions.sweep(now, HOUR_MS, 2), 2);
    assert.equal(await sessions.sweep(now, HOUR_MS, 2), 0);
    assert.deepEqual(await sessions.of(accountId(1)), [alive]);
    assert.deepEqual((await sessions.codes(accountId(1))).map(({ purpose }) => purpose), ["reset"]);
  });

  Deno.test(`[D84] ${name}: an account has one code per purpose`, async () => {
    await using opened = await open();
    const { sessions, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const reset = code({ purpose: "reset", kind: "phone", address: "+4930123456" });
    await lane.commit(accountFence(1), [sessions.putCode(code()), sessions.putCode(reset)]);
    assert.deepEqual(await sessions.codes(accountId(1)), [code(), reset]);
    const again = code({ address: "b@example.org", codeHash: "other", expiresAt: T + 1, triesLeft: 1 });
    await lane.commit(accountFence(1), [sessions.putCode(again)]);
    assert.deepEqual(await sessions.codes(accountId(1)), [again, reset]);
    await lane.commit(accountFence(2), [sessions.removeCode(accountId(2), "reset")]);
    await lane.commit(accountFence(1), [sessions.removeCode(accountId(1), "contact")]);
    assert.deepEqual(await sessions.codes(accountId(1)), [reset]);
  });
}
