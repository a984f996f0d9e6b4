import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { Ids } from "actors/runtime/ids.ts";
import { SCOPES } from "protocol/api_keys.ts";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { readKeyText } from "routes/api_key_text.ts";
import { prepareOperatorKey } from "routes/operator_key.ts";
import { openSqlite } from "storage/sqlite.ts";
import { seeded } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const DAY = 86_400_000;

async function opened() {
  await using resources = new AsyncDisposableStack();
  const clock = new VirtualClock();
  const storage = resources.use(await openSqlite({ path: ":memory:", clock: () => clock.now() }));
  const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
  resources.defer(() => Deno.remove(dataDir, { recursive: true }));
  const ids = new Ids(clock, seeded(1));
  const { apiKeys: keys, audit } = storage;
  const file = `${dataDir}/operator_key`;
  const owned = resources.move();
  return {
    ...{ clock, storage, file },
    start: () => prepareOperatorKey({ dataDir, nodeId: "node-1", keys, audit, ids, now: clock.now() }),
    read: async () => (await Deno.readTextFile(file)).trim(),
    verify: async () => await new ApiKeyChecker(keys, clock).verify((await Deno.readTextFile(file)).trim()),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

Deno.test("[U11] the first start makes a key with every scope that only the folder's owner can read", async () => {
  await using stage = await opened();
  await stage.start();
  equal(((await Deno.stat(stage.file)).mode ?? 0) & 0o777, 0o600);
  const { caller } = await stage.verify();
  equal(caller.user.name, "operator");
  deepEqual(caller.kind === "service" && caller.scopes, SCOPES);
  const [record] = await stage.storage.apiKeys.list({ limit: 9 });
  match(record!.hash, /^[\w-]{43}$/);
  equal((await stage.read()).includes(record!.hash), false);
  const [line] = await stage.storage.audit.list({ limit: 9 });
  deepEqual([line?.event, line?.subject, line?.actor], ["key.created", record!.id, "node:node-1"]);
});

Deno.test("[U11] later starts keep the key", async () => {
  await using stage = await opened();
  await stage.start();
  const first = await stage.read();
  stage.clock.pause(300 * DAY);
  await stage.start();
  equal(await stage.read(), first);
  equal((await stage.storage.apiKeys.list({ limit: 9 })).length, 1);
});

Deno.test("[U11] a key that was revoked, is unknown to the database, mangled or about to end is replaced", async () => {
  await using stage = await opened();
  await stage.start();
  const spoil: (() => Promise<unknown>)[] = [
    async () => await stage.storage.apiKeys.revoke(readKeyText(await stage.read())!.id, stage.clock.now()),
    async () => await Deno.writeTextFile(stage.file, (await stage.read()).replace(/.{5}$/, "00000")),
    async () =>
      await Deno.writeTextFile(stage.file, (await stage.read()).replace(/^bk_.{26}/, `bk_${"0".repeat(26)}`)),
    async () => await Deno.writeTextFile(stage.file, "nonsense"),
    async () => await Deno.remove(stage.file),
    () => Promise.resolve(stage.clock.pause(3_600 * DAY)),
  ];
  for (const damage of spoil) {
    const before = await stage.read();
    await damage();
    await stage.start();
    notEqual(await stage.read(), before);
    await stage.verify();
  }
});

Deno.test("[U11] a key that cannot be read stops the start with a sentence that names the file", async () => {
  await using stage = await opened();
  await Deno.mkdir(stage.file);
  await rejects(stage.start(), { message: `Cannot read the operator key ${stage.file}` });
});
