import assert from "node:assert/strict";
import type { ShownMessage } from "client/mod.ts";
import { entriesOf } from "../../../web/chat/thread/entries.ts";

const NOON = new Date(2026, 10, 20, 12).getTime();
const MINUTE = 60_000;

function said(seq: number, by: "ann" | "bob", at: number): ShownMessage {
  const message = {
    kind: "sent" as const,
    conversation: "C",
    seq,
    version: seq,
    id: String(seq),
    sender: { id: by, name: by },
    at,
    text: `text ${seq}`,
  };
  return { shown: "stored", key: `m${seq}`, own: by === "ann", message };
}

function joined(seq: number, at: number): ShownMessage {
  const sender = { id: "bob", name: "bob" };
  const change = { what: "joined" as const, users: [sender] };
  const message = {
    kind: "change" as const,
    conversation: "C",
    seq,
    version: seq,
    id: String(seq),
    sender,
    at,
    change,
  };
  return { shown: "stored", key: `m${seq}`, own: false, message };
}

/** As a line: `[` begins a stretch, `]` ends one. */
function drawn(messages: readonly ShownMessage[], unreadFrom?: number): string {
  return entriesOf(messages, unreadFrom).map((entry) => {
    switch (entry.kind) {
      case "bubble":
        return `${entry.first ? "[" : ""}${entry.key}${entry.last ? "]" : ""}`;
      case "change":
        return entry.key;
      default:
        return entry.kind;
    }
  }).join(" ");
}

Deno.test("[W97] what one person says within five minutes is one stretch", () => {
  const messages = [
    said(1, "bob", NOON),
    said(2, "bob", NOON + MINUTE),
    said(3, "ann", NOON + 2 * MINUTE),
    said(4, "ann", NOON + 8 * MINUTE),
  ];
  assert.equal(drawn(messages), "day [m1 m2] [m3] [m4]");
});

Deno.test("[W97] a change of the group ends a stretch and stands by itself", () => {
  const messages = [said(1, "bob", NOON), joined(2, NOON), said(3, "bob", NOON)];
  assert.equal(drawn(messages), "day [m1] m2 [m3]");
});

Deno.test("[W97] a new day is told, also in the middle of a stretch", () => {
  const midnight = new Date(2026, 10, 21).getTime();
  assert.equal(drawn([said(1, "bob", midnight - 1), said(2, "bob", midnight + 1)]), "day [m1] day [m2]");
});

Deno.test("[W83] the line stands before the first unread message of somebody else, once, and ends the stretch", () => {
  const messages = [1, 2, 3, 4].map((seq) => said(seq, "bob", NOON + seq));
  assert.equal(drawn(messages, 3), "day [m1 m2] unread [m3 m4]");
  assert.equal(drawn([said(1, "bob", NOON), said(2, "ann", NOON)], 2), "day [m1] [m2]");
});
