import { deepEqual, ok, rejects } from "node:assert/strict";
import { FileOutboxStore } from "client/files.ts";
import { MemoryOutboxStore } from "client/mod.ts";
import { kept, testOutboxStore } from "./support/outbox_store_contract.ts";

testOutboxStore("memory", () => {
  const store = new MemoryOutboxStore();
  return Promise.resolve({
    open: () => Promise.resolve(store),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

testOutboxStore("files", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  return {
    open: () => Promise.resolve(new FileOutboxStore(`${folder}/unsent`)),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});

Deno.test("[C108] files: a write that was cut off leaves what there was, and nobody else reads them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  try {
    const store = new FileOutboxStore(folder);
    await store.put("ann", kept("a1"));
    await Deno.writeTextFile(`${folder}/ann/a1.json.new`, '{"id": "a1", "dra');
    await Deno.writeTextFile(`${folder}/ann/a2.json.new`, "");
    deepEqual(await store.load("ann"), [kept("a1")]);
    const { mode } = await Deno.stat(`${folder}/ann/a1.json`);
    deepEqual(mode! & 0o077, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[C108] files: what another program removes while they are read is not there, and harms nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  try {
    const [one, other] = [new FileOutboxStore(folder), new FileOutboxStore(folder)];
    const ids = Array.from({ length: 100 }, (_, n) => `a${n}`);
    let missed = 0;
    for (let round = 0; round < 5; round++) {
      for (const id of [...ids, "kept"]) await one.put("ann", kept(id));
      const removed = ids.map((id) => one.remove("ann", id));
      const left = await other.load("ann");
      await Promise.all(removed);
      missed += ids.length + 1 - left.length;
      deepEqual(left.some(({ id }) => id === "kept"), true);
    }
    ok(missed > 0, "nothing was removed in time to prove anything");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[C108] files: no id leads out of the folder", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  try {
    const store = new FileOutboxStore(`${folder}/unsent`);
    for (const id of ["../x", "a/b", "", ".", "x".repeat(65)]) {
      await rejects(store.put("ann", kept(id)), TypeError);
      await rejects(store.load(id), TypeError);
      await rejects(store.remove("ann", id), TypeError);
    }
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
