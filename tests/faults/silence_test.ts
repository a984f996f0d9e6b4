import assert from "node:assert/strict";
import type { Message, Outcome } from "./history.ts";
import { longestSilence } from "./silence.ts";

function said(at: number, ackedAt: number, room = "room"): Message {
  const outcome: Outcome = { kind: "acked", at: ackedAt };
  return { sender: "sender", room, place: 1, text: "text", at, sendings: [], outcome };
}

function longest(messages: readonly Message[], begin = 0): number[] {
  const { since, until } = longestSilence(messages, begin);
  return [since, until];
}

Deno.test("[F10] a silence lasts from the last ack, or from when somebody began to wait, to the next ack", () => {
  assert.deepEqual(longest([said(10, 30), said(1_000, 1_050)]), [1_000, 1_050]);
  assert.deepEqual(longest([said(10, 30), said(20, 90)]), [30, 90]);
  assert.deepEqual(longest([said(10, 500), said(400, 420)]), [10, 420]);
  assert.deepEqual(longest([said(0, 500), said(100, 150), said(120, 320)]), [320, 500]);
});

Deno.test("[F10] every room is silent on its own, and nothing counts from before the beginning", () => {
  const other = [said(0, 100, "other"), said(50, 140, "other"), said(90, 260, "other")];
  assert.deepEqual(longest([said(0, 300), ...other]), [0, 300]);
  assert.deepEqual(longest([said(0, 300), ...other], 220), [220, 300]);
});

Deno.test("[F10] what never was acked ends no silence and begins none", () => {
  const never: Message = { ...said(0, 0), outcome: { kind: "unknown", reason: "timeout" } };
  assert.deepEqual(longest([never, said(100, 150)]), [100, 150]);
});
