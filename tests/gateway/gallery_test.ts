import { deepEqual, equal } from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import { countOf, GalleryStage, itemsOf } from "tests/support/gallery_stage.ts";
import { TestViewer } from "tests/support/test_viewer.ts";

Deno.test("[G60] what is published between asking the room and sending its answer follows the answer", async () => {
  await using stage = new GalleryStage();
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  stage.publish(1, 3);
  stage.publish(4, 5);
  await stage.settle();
  deepEqual(viewer.offsets, []);
  seat.begin({ epoch: 1, offset: 3 });
  stage.publish(6, 6);
  await stage.settle();
  deepEqual(viewer.offsets, [4, 5, 6]);
  equal(stage.drops.of("frame", "lost_on_bus"), 0);
});

Deno.test("[G60] a frame still on the bus that the room's answer held already is not shown again", async () => {
  await using stage = new GalleryStage();
  const first = await stage.join(0);
  const late = await stage.join(4);
  stage.publish(1, 2);
  stage.publish(3, 4);
  stage.publish(5, 5);
  await stage.settle();
  deepEqual(first.viewer.offsets, [1, 2, 3, 4, 5]);
  deepEqual(late.viewer.offsets, [5]);
});

Deno.test("[G60] of two who join at once, the one with the older answer gets what the other had already", async () => {
  await using stage = new GalleryStage();
  const viewers = [new TestViewer(), new TestViewer()];
  const older = await stage.gallery.enter(viewers[0]!);
  const newer = await stage.gallery.enter(viewers[1]!);
  stage.publish(1, 2);
  stage.publish(3, 4);
  await stage.settle();
  newer.begin({ epoch: 1, offset: 2 });
  older.begin({ epoch: 1, offset: 0 });
  await stage.settle();
  deepEqual(viewers.map(({ offsets }) => offsets), [[1, 2, 3, 4], [3, 4]]);
  equal(stage.drops.of("frame", "lost_on_bus"), 0);
});

Deno.test("[G60] viewers who join without a pause between them lose nothing, however long that goes on", async () => {
  await using stage = new GalleryStage();
  await stage.join(0);
  let waiting = await stage.gallery.enter(new TestViewer());
  for (let offset = 1; offset <= 600; offset++) {
    stage.publish(offset, offset);
    await stage.settle();
    const viewer = new TestViewer();
    const next = await stage.gallery.enter(viewer);
    waiting.begin({ epoch: 1, offset });
    waiting = next;
  }
  const viewer = new TestViewer();
  const last = await stage.gallery.enter(viewer);
  stage.publish(601, 601);
  await stage.settle();
  last.begin({ epoch: 1, offset: 600 });
  deepEqual(viewer.offsets, [601]);
});

Deno.test("[G61] a hole in the offsets is filled from the room before anything later is shown", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(2);
  stage.history = (after) => Promise.resolve(itemsOf(after + 1, 9));
  stage.publish(3, 3);
  stage.publish(7, 8);
  stage.publish(9, 9);
  await stage.settle();
  deepEqual(viewer.offsets, [3, 4, 5, 6, 7, 8, 9]);
  equal(stage.drops.of("frame", "lost_on_bus"), 1);
});

Deno.test("[G61] a viewer who already had a part of the hole from its join does not get that part again", async () => {
  await using stage = new GalleryStage();
  const first = await stage.join(2);
  const late = await stage.join(5);
  stage.history = (after) => Promise.resolve(itemsOf(after + 1, 9));
  stage.publish(8, 9);
  await stage.settle();
  deepEqual(first.viewer.offsets, [3, 4, 5, 6, 7, 8, 9]);
  deepEqual(late.viewer.offsets, [6, 7, 8, 9]);
});

Deno.test("[G61] a viewer whose answer is older than another's gets what was lost between the two", async () => {
  await using stage = new GalleryStage();
  const older = new TestViewer();
  const seat = await stage.gallery.enter(older);
  const { viewer: newer } = await stage.join(3);
  stage.history = (after) => Promise.resolve(itemsOf(after + 1, 4));
  seat.begin({ epoch: 1, offset: 1 });
  stage.publish(4, 4);
  stage.publish(5, 5);
  await stage.settle();
  deepEqual(older.offsets, [2, 3, 4, 5]);
  deepEqual(newer.offsets, [4, 5]);
});

Deno.test("[G61] the last frames lost show when the room says where it stands", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(2);
  stage.history = (after) => Promise.resolve(itemsOf(after + 1, 4));
  stage.gallery.confirm({ epoch: 1, offset: 4, online: 1 });
  await stage.settle();
  deepEqual(viewer.offsets, [], "the frames may still be on their way");
  stage.gallery.confirm({ epoch: 1, offset: 4, online: 1 });
  await stage.settle();
  deepEqual(viewer.frames.map(({ epoch, from, to }) => [epoch, from, to]), [[1, 3, 4]]);
});

Deno.test("[G62] a hole of more than a page is filled page by page", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(0);
  const pages: number[] = [];
  stage.history = (after) => {
    pages.push(after);
    return Promise.resolve(itemsOf(after + 1, Math.min(after + 10, 35)));
  };
  stage.publish(35, 35);
  await stage.settle();
  deepEqual(viewer.offsets, itemsOf(1, 35).map(({ offset }) => offset));
  deepEqual(pages, [0, 10, 20, 30]);
});

Deno.test("[G62] while the room does not answer, later frames wait, and it is asked again", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(0);
  stage.history = () => Promise.reject(new BarrageError("unavailable"));
  stage.publish(3, 3);
  await stage.settle();
  stage.publish(4, 4);
  await stage.settle();
  deepEqual(viewer.offsets, []);
  stage.history = (after) => Promise.resolve(itemsOf(after + 1, 4));
  stage.gallery.retry();
  await stage.settle();
  deepEqual(viewer.offsets, [1, 2, 3, 4]);
});

Deno.test("[G62] what cannot be had any more leaves a hole that viewers see, and is counted", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(0);
  stage.history = () => Promise.resolve([]);
  stage.publish(3, 3);
  stage.publish(4, 4);
  await stage.settle();
  deepEqual(viewer.offsets, [3, 4]);
  equal(stage.drops.of("frame", "not_mended"), 1);
});

Deno.test("[G62] more frames than are kept while a hole is filled are had from the room as well", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.history = async (after) => {
    await promise;
    return itemsOf(after + 1, 600);
  };
  for (let offset = 2; offset <= 600; offset++) stage.publish(offset, offset);
  await stage.settle();
  resolve();
  await stage.settle();
  stage.publish(601, 601);
  await stage.settle();
  deepEqual(viewer.offsets, itemsOf(1, 601).map(({ offset }) => offset));
});

Deno.test("[G63] frames of an owner that was replaced are dropped and counted", async () => {
  await using stage = new GalleryStage();
  const { viewer } = await stage.join(0);
  stage.publish(1, 1, { epoch: 2 });
  stage.publish(2, 2, { epoch: 1 });
  stage.publish(2, 2, { epoch: 2 });
  await stage.settle();
  deepEqual(viewer.frames.map(({ epoch, from }) => [epoch, from]), [[2, 1], [2, 2]]);
  equal(stage.drops.of("frame", "old_epoch"), 1);
});

Deno.test("[G64] a paused viewer who had more than had come over the bus is not told that it misses that", async () => {
  await using stage = new GalleryStage();
  await stage.join(0);
  const { viewer, seat } = await stage.join(4);
  seat.pause();
  stage.publish(1, 3);
  stage.publish(4, 6);
  stage.publish(7, 7);
  await stage.settle();
  seat.unpause();
  equal(viewer.dropped, countOf(5, 7));
});

Deno.test("[G64] what the first viewer got while it joined does not count as missed when it pauses", async () => {
  await using stage = new GalleryStage();
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  stage.publish(1, 3);
  await stage.settle();
  seat.begin({ epoch: 1, offset: 1 });
  seat.pause();
  stage.publish(4, 5);
  await stage.settle();
  seat.unpause();
  equal(viewer.delivered, countOf(2, 3));
  equal(viewer.dropped, countOf(4, 5));
});

Deno.test("[G64] a viewer who pauses before its join is answered is paused from there on", async () => {
  await using stage = new GalleryStage();
  await stage.join(0);
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  seat.pause();
  stage.publish(1, 2);
  await stage.settle();
  seat.begin({ epoch: 1, offset: 1 });
  stage.publish(3, 4);
  await stage.settle();
  seat.unpause();
  deepEqual(viewer.offsets, [2]);
  equal(viewer.dropped, countOf(3, 4));
});

Deno.test("[G64] a paused viewer is told of the room's end and of nothing else but sums", async () => {
  await using stage = new GalleryStage();
  const { viewer, seat } = await stage.join(0);
  seat.pause();
  stage.publish(1, 2);
  stage.publish(3, 2, { live: { online: 5 } });
  stage.publish(3, 2, { state: "ended" });
  await stage.settle();
  deepEqual(viewer.frames.map(({ items, live, state }) => [items, live, state]), [[[], undefined, "ended"]]);
});

Deno.test("[G66] a gallery ends with its last viewer, once, however often that viewer leaves", async () => {
  await using stage = new GalleryStage();
  const first = await stage.join(0);
  const second = await stage.join(0);
  first.seat.leave();
  first.seat.leave();
  equal(stage.emptied, 0);
  second.seat.pause();
  second.seat.leave();
  second.seat.leave();
  equal(stage.emptied, 1);
});

Deno.test("[G66] a viewer who is closed while it gets its first frames leaves no gallery behind", async () => {
  await using stage = new GalleryStage();
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  viewer.send = () => seat.leave();
  stage.publish(1, 1);
  await stage.settle();
  seat.begin({ epoch: 1, offset: 0 });
  equal(stage.emptied, 1);
});

Deno.test("[G66] a viewer who leaves while it joins gets nothing when the room answers", async () => {
  await using stage = new GalleryStage();
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  seat.leave();
  seat.begin({ epoch: 1, offset: 0 });
  stage.publish(1, 1);
  await stage.settle();
  deepEqual(viewer.frames, []);
  equal(stage.emptied, 1);
});

Deno.test("[F7] what an older owner published while somebody joined is not shown to whom the newer one answered", async () => {
  await using stage = new GalleryStage();
  const viewer = new TestViewer();
  const seat = await stage.gallery.enter(viewer);
  stage.publish(6, 5, { live: { online: 1 } });
  await stage.settle();
  seat.begin({ epoch: 2, offset: 5 });
  stage.publish(6, 6, { epoch: 2 });
  await stage.settle();
  deepEqual(viewer.frames.map(({ epoch }) => epoch), [2]);
  equal(stage.drops.of("frame", "old_epoch"), 1);
});

Deno.test("[F7] while a hole is mended a newer owner may answer others: no viewer sees the epoch go back", async () => {
  await using stage = new GalleryStage();
  const { promise: history, resolve } = Promise.withResolvers<ReturnType<typeof itemsOf>>();
  stage.history = () => history;
  const { viewer } = await stage.join(5);
  stage.publish(8, 8);
  await stage.settle();
  const other = await stage.gallery.enter(new TestViewer());
  other.begin({ epoch: 2, offset: 8 });
  resolve(itemsOf(6, 7));
  await stage.settle();
  stage.publish(9, 9, { epoch: 2 });
  await stage.settle();
  deepEqual(viewer.offsets, [6, 7, 8, 9]);
  deepEqual(viewer.frames.map(({ epoch }) => epoch), [1, 1, 2]);
});
