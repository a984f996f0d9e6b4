import assert from "node:assert/strict";
import { type ChatEntry, choose } from "../../web/room/chat_entries.ts";

function said(offset: number, count = 1, own = false): ChatEntry {
  const user = { id: "U", name: "Ann" };
  return { kind: "item", item: { kind: "say", offset, id: "I", user, text: "hi", count, at: 0 }, own };
}

function offsets(entries: readonly ChatEntry[]): number[] {
  return entries.map((entry) => entry.kind === "item" ? entry.item.offset : 0);
}

Deno.test("[W13] the chat shows everything while it can", () => {
  const entries = [said(1), said(2), said(3)];
  assert.deepEqual(choose(entries, 3), { kept: entries, leftOut: 0 });
});

Deno.test("[W13] in a rush the chat keeps notices and one's own, then what many said, then the newest, in order", () => {
  const entries = [
    said(1, 1, true),
    said(2),
    said(3, 50),
    said(4),
    { kind: "notice", text: "n" } as const,
    said(5),
  ];
  const { kept, leftOut } = choose(entries, 4);
  assert.deepEqual(offsets(kept), [1, 3, 0, 5]);
  assert.equal(leftOut, 2);
});
