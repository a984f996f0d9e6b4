import assert from "node:assert/strict";
import { LINES_MAX, LineWindow } from "../../../web/chat/thread/line_window.ts";

function messages(from: number, to: number): { key: string }[] {
  return Array.from({ length: to - from }, (_, i) => ({ key: String(from + i) }));
}

function edges(shown: readonly { key: string }[]): string {
  return `${shown[0]?.key}-${shown.at(-1)?.key}`;
}

Deno.test("[W91] the window follows the end until somebody moves up, and is never longer than its bound", () => {
  const window = new LineWindow();
  assert.equal(edges(window.of(messages(0, 1_000))), "920-999");
  assert.equal(edges(window.of(messages(0, 1_001))), "921-1000");
  assert(window.moveUp(messages(0, 1_001)));
  for (let i = 0; i < 10; i++) {
    window.moveUp(messages(0, 1_001));
    assert(window.of(messages(0, 1_001)).length <= LINES_MAX);
  }
  assert(!window.followsEnd);
  const before = edges(window.of(messages(0, 1_001)));
  assert.equal(edges(window.of(messages(0, 1_050))), before);
});

Deno.test("[W91] older messages that come in above leave the window where it is", () => {
  const window = new LineWindow();
  while (window.moveUp(messages(500, 1_000)));
  const before = edges(window.of(messages(500, 1_000)));
  assert.equal(before, "500-659");
  assert.equal(edges(window.of(messages(400, 1_000))), before);
  assert(window.moveUp(messages(400, 1_000)));
  assert.equal(edges(window.of(messages(400, 1_000))), "460-619");
});

Deno.test("[W91] moving down to the end follows it again", () => {
  const window = new LineWindow();
  const all = messages(0, 400);
  while (window.moveUp(all));
  while (window.moveDown(all));
  assert(window.followsEnd);
  assert.equal(window.of(messages(0, 401)).at(-1)?.key, "400");
});

Deno.test("[W91] a message that is looked for stands in the middle of the window", () => {
  const window = new LineWindow();
  window.showAround(messages(0, 1_000), "300");
  assert.equal(edges(window.of(messages(0, 1_000))), "220-379");
  window.showAround(messages(0, 1_000), "990");
  assert(window.followsEnd);
});
