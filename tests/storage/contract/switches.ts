import assert from "node:assert/strict";
import type { AuditRecord } from "storage/account_storage.ts";
import { ulid } from "tests/support/room_stage.ts";
import type { OpenStorage } from "./opened.ts";

function audit(n: number): AuditRecord {
  return { id: ulid(n), at: n, event: "switch.set", subject: "read-only", actor: "olga" };
}

export function testSwitches(name: string, open: OpenStorage): void {
  Deno.test(`[SW4] ${name}: switches are read as they were changed last, each change with a greater version`, async () => {
    await using opened = await open();
    const { switches } = opened.storage;
    assert.deepEqual(await switches.all(), []);
    const set = await switches.put({ name: "read-only", on: true, by: "olga" }, audit(1));
    assert.deepEqual({ ...set, at: 0 }, { name: "read-only", version: 1, on: true, by: "olga", at: 0 });
    const other = await opened.another();
    assert.deepEqual(await other.switches.all(), [set]);
    const changes = await Promise.all(
      [switches, other.switches].map((store, n) =>
        store.put({ name: "read-only", on: n === 0, by: `by-${n}` }, audit(2 + n))
      ),
    );
    assert.deepEqual(changes.map(({ version }) => version).sort(), [2, 3]);
    assert.deepEqual(await switches.all(), [changes.find(({ version }) => version === 3)]);
  });

  Deno.test(`[SW5] ${name}: what is left of a switch is by the database's clock`, async () => {
    await using opened = await open();
    const { switches } = opened.storage;
    const { leftMs } = await switches.put(
      { name: "shed-low", on: true, by: "olga", forMs: 60_000 },
      audit(1),
    );
    assert.ok(leftMs! <= 60_000 && leftMs! > 50_000, `${leftMs}`);
    await opened.outlive(50);
    const [later] = await switches.all();
    assert.ok(later!.leftMs! < leftMs! && later!.leftMs! > 0, `${later!.leftMs}`);
    const stays = await switches.put({ name: "shed-low", on: true, by: "olga" }, audit(2));
    assert.equal(stays.leftMs, undefined);
  });

  Deno.test(`[SW1] ${name}: a switch is changed with its audit line, or not at all`, async () => {
    await using opened = await open();
    const { switches, audit: lines } = opened.storage;
    await switches.put({ name: "shed-ai", on: true, by: "olga" }, audit(1));
    await assert.rejects(switches.put({ name: "shed-ai", on: false, by: "olga" }, audit(1)));
    assert.deepEqual((await switches.all()).map(({ version, on }) => ({ version, on })), [{
      version: 1,
      on: true,
    }]);
    assert.deepEqual(await lines.list({ limit: 10 }), [audit(1)]);
  });
}
