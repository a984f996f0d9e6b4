import { deepEqual, equal, ok } from "node:assert/strict";
import { json } from "protocol/json.ts";
import { msgpack } from "protocol/msgpack.ts";
import type { FrameForm } from "routes/gateway/broadcast.ts";
import { GalleryStage, itemsOf } from "tests/support/gallery_stage.ts";
import { ROOM } from "tests/support/room_stage.ts";
import { TestViewer } from "tests/support/test_viewer.ts";

/** A form that counts how often it encodes. */
class CountingForm implements FrameForm {
  wraps = 0;
  constructor(readonly codec: typeof json) {}

  get name(): string {
    return this.codec.name;
  }

  wrap(method: string, params: Uint8Array) {
    this.wraps++;
    return this.codec.wrapNotification(method, params);
  }
}

Deno.test("[G55] a frame is encoded once per codec, and all viewers get the same bytes", async () => {
  await using stage = new GalleryStage();
  const forms = [new CountingForm(json), new CountingForm(msgpack)];
  const viewers = forms.flatMap((form) => Array.from({ length: 50 }, () => new TestViewer(form)));
  for (const viewer of viewers) await stage.join(0, viewer);
  stage.publish(1, 100);
  stage.publish(101, 101);
  await stage.settle();
  deepEqual(forms.map(({ wraps }) => wraps), [2, 2]);
  for (const form of forms) {
    const [first, ...others] = viewers.filter((viewer) => viewer.form === form);
    equal(first?.sent.length, 2);
    for (const other of others) ok(other.sent.every((frame, i) => frame === first?.sent[i]));
  }
});

Deno.test("[G56] the params of a JSON frame are the room's event byte for byte; MessagePack holds the same values", async () => {
  await using stage = new GalleryStage();
  const text = new TestViewer(new CountingForm(json));
  const binary = new TestViewer(new CountingForm(msgpack));
  await stage.join(0, text);
  await stage.join(0, binary);
  const items = itemsOf(1, 2).map((item) => ({ ...item, text: `${item.text} "弹幕" 😀 \u2028 \\` }));
  const event = JSON.stringify({ room: ROOM, epoch: 1, from: 1, to: 2, items, live: { online: 2 } });
  stage.publish(1, 2, { items, live: { online: 2 } });
  await stage.settle();
  equal(text.sent[0], `{"jsonrpc":"2.0","method":"room.frame","params":${event}}`);
  deepEqual(msgpack.decode(binary.sent[0]!), JSON.parse(String(text.sent[0])));
});
