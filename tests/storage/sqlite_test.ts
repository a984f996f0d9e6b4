import { openSqlite } from "storage/sqlite.ts";
import { testStorage } from "./storage_contract.ts";

testStorage("sqlite", async (lane = {}) => {
  let now = 1_700_000_000_000;
  const storage = await openSqlite({ path: ":memory:", clock: () => now, lane });
  return {
    storage,
    // One process owns the file, so all nodes of a test share its storage.
    another: () => Promise.resolve(storage),
    outlive(ttlMs) {
      now += ttlMs;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
});
