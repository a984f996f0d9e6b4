import { deepEqual, rejects } from "node:assert/strict";
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
