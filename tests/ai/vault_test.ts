import { deepEqual, doesNotMatch, equal, match, notDeepEqual, rejects, throws } from "node:assert/strict";
import { stat } from "node:fs/promises";
import { CredentialVault } from "actors/ai/credential_vault.ts";
import { MemoryBroker } from "actors/bus/memory.ts";
import { loadSecretSeals } from "storage/ai_keys.ts";
import type { CredentialRecord } from "storage/ai_storage.ts";
import { ECHO_IDS, withEcho } from "storage/echo_credentials.ts";
import { AesGcmSecrets, NO_SECRETS } from "storage/secret_seals.ts";
import { openSqlite } from "storage/sqlite.ts";
import { credential, credentialId } from "tests/storage/contract/ai_records.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);
const line = (version: number, fill: number) => `${version}:${key(fill).toBase64()}`;
const FIRST = new AesGcmSecrets(new Map([[1, key(1)]]));
const BOTH = new AesGcmSecrets(new Map([[2, key(2)], [1, key(1)]]));
const SECRET = { appId: "app", apiKey: "sk-秘密", apiSecret: "" };
const UNAVAILABLE = { name: "BarrageError", reason: "unavailable" };

function sealed(seals: AesGcmSecrets, n = 1): CredentialRecord {
  return credential(n, seals.seal(credentialId(n), SECRET));
}

Deno.test("[Q21] a secret opens with its key, for its credential and its field only, and unchanged only", () => {
  const record = sealed(FIRST);
  deepEqual(FIRST.open(record), SECRET);
  doesNotMatch(JSON.stringify(record), /sk-|app"/);
  notDeepEqual(sealed(FIRST).sealed, record.sealed);
  const { apiKey = "", appId = "" } = record.sealed;
  const wrong: Partial<CredentialRecord>[] = [
    { id: credentialId(2) },
    { sealed: { ...record.sealed, appId: apiKey } },
    { sealed: { other: appId } },
    { sealed: { appId: appId.replace(/^./, (first) => first === "A" ? "B" : "A") } },
    { sealed: { appId: "" } },
    { sealed: { appId: appId.slice(0, 20) } },
    { keyVersion: 2 },
  ];
  for (const changed of wrong) throws(() => FIRST.open({ ...record, ...changed }), UNAVAILABLE);
  throws(() => new AesGcmSecrets(new Map([[1, key(3)]])).open(record), UNAVAILABLE);
});

Deno.test("[Q22] the newest key seals, the others open; without a key nothing is kept but what has no secret", () => {
  equal(BOTH.seal(credentialId(1), SECRET).keyVersion, 2);
  deepEqual(BOTH.open(sealed(FIRST)), SECRET);
  deepEqual(BOTH.open(sealed(BOTH)), SECRET);
  throws(() => FIRST.open(sealed(BOTH)), UNAVAILABLE);
  throws(() => NO_SECRETS.seal(credentialId(1), SECRET), UNAVAILABLE);
  throws(() => NO_SECRETS.open(sealed(FIRST)), UNAVAILABLE);
  deepEqual(NO_SECRETS.open(credential(1, { sealed: {} })), {});
});

async function withFolder(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const storing = (...records: CredentialRecord[]) => ({ list: () => Promise.resolve(records) });

Deno.test("[Q23] a lone node makes its master key once, for itself alone to read; AI_KEYS goes before the file", () =>
  withFolder(async (directory) => {
    const load = (given?: string, ...stored: CredentialRecord[]) =>
      loadSecretSeals({ given, directory, make: true, credentials: storing(...stored) });
    const first = await load();
    equal((await stat(`${directory}/ai_keys`)).mode & 0o777, 0o600);
    match(await Deno.readTextFile(`${directory}/ai_keys`), /^1:[A-Za-z0-9+/]{43}=\n$/);
    const record = credential(1, first.seal(credentialId(1), SECRET));
    deepEqual((await load(undefined, record)).open(record), SECRET);
    equal((await load(line(7, 7))).keyVersion, 7);
  }));

Deno.test("[Q24] keys that do not open what is stored stop the start with a sentence that says what to set", () =>
  withFolder(async (directory) => {
    const stored = credential(1, { ...sealed(FIRST), keyVersion: 4 });
    const load = (given: string | undefined, make: boolean, ...stored: CredentialRecord[]) =>
      loadSecretSeals({ given, directory, make, credentials: storing(...stored) });
    equal((await load(undefined, false)).keyVersion, null);
    const sentence = new RegExp(`^Error: Set AI_KEYS to .*${directory}/ai_keys.*${stored.id}.*version 4$`);
    // Neither is a new key made, which would hide that the old one is lost.
    await rejects(load(undefined, true, stored), (error) => sentence.test(String(error)));
    await rejects(load(undefined, false, stored), (error) => sentence.test(String(error)));
    await rejects(load(line(1, 1), true, stored), (error) => sentence.test(String(error)));
    await rejects(load(line(4, 9), true, stored), (error) => sentence.test(String(error)));
    deepEqual([...Deno.readDirSync(directory)], []);
    for (const [bad, why] of [["1:AAAA", /32 bytes/], ["x", /VERSION:KEY/], ["", /there is none/]] as const) {
      await rejects(load(bad, true), (error) => why.test(String(error)) && !String(error).includes("AAAA"));
    }
    await rejects(load(`${line(1, 1)},${line(1, 2)}`, true), /version 1 stands there twice/);
  }));

async function vaults() {
  const owned = new AsyncDisposableStack();
  const storage = owned.use(await openSqlite({ path: ":memory:" }));
  const broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  const clock = new VirtualClock();
  let reads = 0;
  const credentials = {
    ...withEcho(storage.credentials),
    read: (id: string) => {
      reads++;
      return withEcho(storage.credentials).read(id);
    },
  };
  const [a, b] = [1, 2].map(() => {
    const bus = owned.use(broker.connect());
    return owned.use(new CredentialVault({ credentials, seals: BOTH, bus, clock }));
  });
  await Promise.all([a!.ready, b!.ready]);
  return {
    storage,
    clock,
    a: a!,
    b: b!,
    reads: () => reads,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("[Q25] opened credentials stay in memory until they change, on every node", async () => {
  await using stage = await vaults();
  const { storage, clock, a, b, reads } = stage;
  const id = credentialId(1);
  await rejects(async () => await a.open(id), { reason: "not_found" });
  await storage.credentials.create(credential(1, { ...sealed(FIRST), baseUrl: "https://a.example" }), 9);
  const open = { id, provider: "openai", baseUrl: "https://a.example", secret: SECRET };
  deepEqual(await Promise.all([a.open(id), a.open(id), b.open(id)]), [open, open, open]);
  equal(reads(), 3);
  await a.open(id);
  equal(reads(), 3);

  const rotated = { apiKey: "new" };
  await storage.credentials.update(id, BOTH.seal(id, rotated));
  a.changed(id);
  await clock.settle();
  deepEqual((await a.open(id)).secret, rotated);
  deepEqual((await b.open(id)).secret, rotated);
  await storage.credentials.update(id, BOTH.seal(id, SECRET));
  // Nobody told.
  deepEqual((await b.open(id)).secret, rotated);
  clock.pause(30_000);
  deepEqual((await b.open(id)).secret, SECRET);

  await storage.credentials.delete(id);
  b.changed(id);
  await clock.settle();
  await rejects(async () => await a.open(id), { reason: "not_found" });
});

Deno.test("[Q25] what was changed while it was read is not kept", async () => {
  await using stage = await vaults();
  const { storage, clock, a } = stage;
  const id = credentialId(1);
  await storage.credentials.create(sealed(BOTH), 9);
  const opening = a.open(id);
  await storage.credentials.update(id, BOTH.seal(id, { apiKey: "new" }));
  a.changed(id);
  await opening;
  await clock.settle();
  deepEqual((await a.open(id)).secret, { apiKey: "new" });
});

Deno.test("[Q25] no more than a thousand stay in memory", async () => {
  await using stage = await vaults();
  const { storage, a } = stage;
  for (let n = 1; n <= 1_003; n++) {
    await storage.credentials.create(credential(n, { sealed: {} }), 2_000);
    await a.open(credentialId(n));
  }
  equal(a.size, 1_000);
});

Deno.test("[Q26] the echo credentials are there without being stored, need no key, and cannot be changed", async () => {
  await using storage = await openSqlite({ path: ":memory:" });
  const credentials = withEcho(storage.credentials);
  await credentials.create(credential(1), 9);
  const listed = await credentials.list();
  deepEqual(listed.map(({ id }) => id), [...ECHO_IDS, credentialId(1)]);
  deepEqual(
    listed[0]?.uses.map(({ feature, model, inFlightMax, startsPerSecond }) => [
      ...[feature, model, inFlightMax, startsPerSecond],
    ]),
    ["text", "image", "slides"].map((feature) => [feature, "echo", 2, 2]),
  );
  deepEqual((await storage.credentials.list()).length, 1);
  for (const id of ECHO_IDS) {
    deepEqual(NO_SECRETS.open((await credentials.read(id))!), {});
    await rejects(credentials.update(id, { state: "disabled" }), { reason: "conflict" });
    await rejects(credentials.delete(id), { reason: "conflict" });
  }
  equal(await credentials.update(credentialId(1), { state: "disabled" }), true);
  equal(await credentials.delete(credentialId(1)), true);
});
