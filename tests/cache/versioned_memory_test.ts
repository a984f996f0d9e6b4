import { equal } from "node:assert/strict";
import { FLOOR_MS } from "storage/cache/versioned_cache.ts";
import { VersionedMemory, VersionedMemoryCache } from "storage/cache/versioned_memory.ts";
import { testVersionedCache } from "./versioned_contract.ts";

const BOUNDS = { entriesMax: 100, lengthMax: 10_000 };

testVersionedCache("memory", () =>
  Promise.resolve({
    cache: new VersionedMemoryCache(new VersionedMemory(() => performance.now(), BOUNDS)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));

Deno.test("[LK33] a node's own memory is bounded by entries and by length", () => {
  const memory = new VersionedMemory(() => 0, { entriesMax: 3, lengthMax: 1_000 });
  const put = (key: string, value: string) => memory.put(key, { version: 1, value, ageMs: 0, costMs: 0 });
  for (const key of ["a", "b", "c"]) put(key, "1");
  memory.get("a", 1);
  put("d", "1");
  equal(memory.get("b", 1), undefined);
  equal(memory.get("a", 1)?.value, "1");
  put("long", "x".repeat(994));
  equal(memory.size, 1);
});

Deno.test("[LK32] forgetting everything keeps the floors, for the time a fill may be on its way", () => {
  let now = 0;
  const memory = new VersionedMemory(() => now, BOUNDS);
  const put = (version: number) => memory.put("k", { version, value: `v${version}`, ageMs: 0, costMs: 0 });
  put(2);
  memory.clear();
  equal(memory.get("k", 1_000), undefined);
  put(1);
  equal(memory.get("k", 1_000), undefined);
  now = FLOOR_MS + 1;
  put(1);
  equal(memory.get("k", 1_000)?.value, "v1");
});
