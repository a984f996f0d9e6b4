import assert from "node:assert/strict";
import { accountFence, accountId, auditRecord, createAccounts, identity } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";

export function testAudit(name: string, open: OpenStorage): void {
  Deno.test(`[D93] ${name}: an audit line is written with the change it tells of, or not at all`, async () => {
    await using opened = await open();
    const { accounts, audit, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const link = accounts.addIdentity(accountId(1), identity("a"));
    await lane.commit(accountFence(1), [link, audit.record(auditRecord(1))]);
    const clash = accounts.addIdentity(accountId(2), identity("a"));
    const units = [
      lane.commit(accountFence(2), [audit.record(auditRecord(2)), clash]),
      lane.commit(accountFence(1, 9), [audit.record(auditRecord(3))]),
      lane.commit(accountFence(1), [audit.record(auditRecord(4)), audit.record(auditRecord(5))]),
    ];
    await Promise.allSettled(units);
    assert.deepEqual(await audit.list({ limit: 9 }), [5, 4, 1].map((n) => auditRecord(n)));
  });

  Deno.test(`[D94] ${name}: audit lines are listed newest first, all or of one subject, page by page`, async () => {
    await using opened = await open();
    const { audit } = opened.storage;
    const full = auditRecord(3, {
      event: "session.refused",
      actor: "system",
      address: "192.0.2.0/24",
      device: "Firefox on Linux",
      detail: { reason: "设备", tries: 3, known: false },
    });
    const other = auditRecord(2, { subject: accountId(2) });
    await audit.append([]);
    await audit.append([full, auditRecord(1), other]);
    await audit.append([auditRecord(4), full]); // a line appended again is the same line
    assert.deepEqual(await audit.list({ limit: 3 }), [auditRecord(4), full, other]);
    assert.deepEqual(await audit.list({ before: other.id, limit: 3 }), [auditRecord(1)]);
    const subject = accountId(1);
    assert.deepEqual(await audit.list({ subject, limit: 2 }), [auditRecord(4), full]);
    assert.deepEqual(await audit.list({ subject, before: full.id, limit: 2 }), [auditRecord(1)]);
  });

  Deno.test(`[D95] ${name}: audit lines older than a time are swept, a bounded number at a time`, async () => {
    await using opened = await open();
    const { audit } = opened.storage;
    await audit.append([0, 1, 2, 40].map((n) => auditRecord(n)));
    assert.equal(await audit.sweep(0, 2), 0);
    assert.equal(await audit.sweep(3, 2), 2);
    assert.equal(await audit.sweep(3, 2), 1);
    assert.equal(await audit.sweep(3, 2), 0);
    assert.deepEqual(await audit.list({ limit: 9 }), [auditRecord(40)]);
  });
}
