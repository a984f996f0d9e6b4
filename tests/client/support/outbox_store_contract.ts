import { deepEqual } from "node:assert/strict";
import type { KeptMessage, OutboxStore } from "client/mod.ts";

/** Where a store keeps its things: opened again, it is the next program, and the one before has ended. */
export interface StoreHome extends AsyncDisposable {
  open(): Promise<OutboxStore>;
}

export function kept(id: string, more: Partial<KeptMessage> = {}): KeptMessage {
  return { id, place: id, conversation: "C1", draft: { text: id }, writtenAt: 1, afterSeq: 0, ...more };
}

async function ids(store: OutboxStore, user: string): Promise<string[]> {
  return (await store.load(user)).map(({ id }) => id).sort();
}

/** What every store of unsent messages does. */
export function testOutboxStore(name: string, openHome: () => Promise<StoreHome>): void {
  function test(what: string, run: (home: StoreHome) => Promise<void>): void {
    Deno.test(`[C108] ${name}: ${what}`, async () => {
      await using home = await openHome();
      await run(home);
    });
  }

  test("each user has his own messages, and what is removed is gone", async (home) => {
    const store = await home.open();
    await store.put("ann", kept("a1"));
    await store.put("ann", kept("a2"));
    await store.put("ben", kept("b1"));
    await store.remove("ann", "a1");
    await store.remove("ann", "b1");
    await store.remove("nobody", "a1");
    deepEqual(await ids(store, "ann"), ["a2"]);
    deepEqual(await ids(store, "ben"), ["b1"]);
    deepEqual(await ids(store, "nobody"), []);
  });

  test("a message comes back as it was given, the last one of an id", async (home) => {
    const store = await home.open();
    const draft = {
      text: "你好\n\u2028 \"'",
      attachments: [{ type: "image", url: "https://a.test/b" }],
    } as const;
    const last = kept("a1", { to: "ben", draft, failed: { reason: "muted", message: "Not now" } });
    await store.put("ann", kept("a1"));
    await store.put("ann", last);
    deepEqual(await store.load("ann"), [last]);
  });

  test("what is asked at once is done in the order asked", async (home) => {
    const store = await home.open();
    await Promise.all([
      ...Array.from({ length: 20 }, (_, n) => store.put("ann", kept("a1", { writtenAt: n }))),
      store.put("ann", kept("a2")),
      store.remove("ann", "a2"),
      store.remove("ann", "a3"),
      store.put("ann", kept("a3")),
    ]);
    deepEqual(await ids(store, "ann"), ["a1", "a3"]);
    deepEqual((await store.load("ann")).find(({ id }) => id === "a1")?.writtenAt, 19);
  });

  test("the next program finds what the one before has left", async (home) => {
    const before = await home.open();
    for (const id of ["a1", "a2", "a3"]) await before.put("ann", kept(id));
    await before.remove("ann", "a2");
    const next = await home.open();
    deepEqual(await ids(next, "ann"), ["a1", "a3"]);
    await next.remove("ann", "a1");
    deepEqual(await ids(await home.open(), "ann"), ["a3"]);
  });
}
