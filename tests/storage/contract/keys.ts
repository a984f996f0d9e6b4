import assert from "node:assert/strict";
import { apiKey, oidcFlow, T } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";

export function testKeys(name: string, open: OpenStorage): void {
  Deno.test(`[D89] ${name}: API keys are read as they were created, the newest first`, async () => {
    await using opened = await open();
    const { apiKeys } = opened.storage;
    for (const n of [2, 3, 1]) await apiKeys.create(apiKey(n));
    assert.deepEqual(await apiKeys.read(apiKey(2).id), apiKey(2));
    assert.equal(await apiKeys.read(apiKey(4).id), undefined);
    assert.deepEqual(await apiKeys.list({ limit: 2 }), [apiKey(3), apiKey(2)]);
    assert.deepEqual(await apiKeys.list({ before: apiKey(2).id, limit: 2 }), [apiKey(1)]);
    await assert.rejects(apiKeys.create(apiKey(1)));
  });

  Deno.test(`[D90] ${name}: an API key is revoked once, for as long as it would have been good`, async () => {
    await using opened = await open();
    const { apiKeys, revocations } = opened.storage;
    await apiKeys.create(apiKey(1));
    await apiKeys.create(apiKey(2));
    const { id } = apiKey(1);
    assert.equal(await apiKeys.revoke(apiKey(3).id, T), false);
    const revoked = await Promise.all([apiKeys.revoke(id, T + 1), apiKeys.revoke(id, T + 1)]);
    assert.deepEqual(revoked.sort(), [false, true]);
    assert.equal(await apiKeys.revoke(id, T + 2), false);
    assert.deepEqual(await apiKeys.read(id), apiKey(1, { revokedAt: T + 1 }));
    assert.deepEqual(await apiKeys.read(apiKey(2).id), apiKey(2));
    assert.deepEqual(await revocations.after(0, T, 10), [{ id, until: apiKey(1).expiresAt, n: 1 }]);
  });

  Deno.test(`[D91] ${name}: a sign-in on its way is taken once and in time`, async () => {
    await using opened = await open();
    const { oidcFlows } = opened.storage;
    const linking = oidcFlow(5, {
      purpose: { kind: "link", caller: { user: { id: "a", name: "A" }, session: "s" } },
    });
    await oidcFlows.put(linking);
    await oidcFlows.put(oidcFlow(6));
    await oidcFlows.put(oidcFlow(7));
    const taken = await Promise.all([oidcFlows.take("state5", T), oidcFlows.take("state5", T)]);
    assert.deepEqual(taken.filter((flow) => flow !== undefined), [linking]);
    assert.deepEqual(await oidcFlows.take("state6", T + 5), oidcFlow(6));
    assert.equal(await oidcFlows.take("state7", T + 7), undefined);
    assert.equal(await oidcFlows.take("state7", T), undefined);
    await assert.rejects(Promise.all([oidcFlows.put(oidcFlow(8)), oidcFlows.put(oidcFlow(8))]));
  });

  Deno.test(`[D91] ${name}: sign-ins that never came back are swept`, async () => {
    await using opened = await open();
    const { oidcFlows } = opened.storage;
    for (const n of [1, 2, 3, 9]) await oidcFlows.put(oidcFlow(n));
    assert.equal(await oidcFlows.sweep(T + 3, 2), 2);
    assert.equal(await oidcFlows.sweep(T + 3, 2), 1);
    assert.deepEqual(await oidcFlows.take("state9", T), oidcFlow(9));
  });

  Deno.test(`[D92] ${name}: signing keys are known until they expire, and published again for longer only`, async () => {
    await using opened = await open();
    const { tokenKeys } = opened.storage;
    const key = (x: string) => ({ kty: "OKP", crv: "Ed25519", x });
    await tokenKeys.publish("b", key("2"), T + 10);
    await tokenKeys.publish("a", key("1"), T + 5);
    const known = async (now: number) => (await tokenKeys.all(now)).map(({ kid }) => kid);
    assert.deepEqual(await tokenKeys.all(T), [
      { kid: "a", publicKey: key("1") },
      { kid: "b", publicKey: key("2") },
    ]);
    assert.deepEqual(await known(T + 5), ["b"]);
    await tokenKeys.publish("a", key("1"), T + 20);
    await tokenKeys.publish("b", key("2"), T + 1);
    assert.deepEqual(await known(T + 9), ["a", "b"]);
    assert.deepEqual(await known(T + 15), ["a"]);
    assert.equal(await tokenKeys.sweep(T + 9, 5), 0);
    assert.equal(await tokenKeys.sweep(T + 30, 1), 1);
    assert.equal(await tokenKeys.sweep(T + 30, 1), 1);
    assert.deepEqual(await known(T), []);
  });
}
