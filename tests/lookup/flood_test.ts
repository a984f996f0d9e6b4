import { equal, ok } from "node:assert/strict";
import { encodeTime } from "@std/ulid";
import { IdFilter, type Mark } from "actors/lookup/id_filter.ts";
import { ReadStage } from "tests/support/read_stage.ts";
import { seeded, ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const random = seeded(11);

function randomId(at: number): string {
  return encodeTime(at, 10) + Array.from({ length: 16 }, () => ALPHABET[Math.floor(random() * 32)]).join("");
}

/** Ids that somebody has, with the time at which they came into being. */
function shelf(marks: Mark[], byTime: boolean) {
  return ({ after, limit }: { after: Mark; limit: number }): Promise<Mark[]> => {
    const order = (mark: Mark) => byTime ? `${String(mark.at + 1).padStart(16, "0")}${mark.id}` : mark.id;
    const rest = marks.filter((mark) => order(mark) > order(after));
    return Promise.resolve(rest.sort((a, b) => order(a) < order(b) ? -1 : 1).slice(0, limit));
  };
}

Deno.test("[LK50] a hundred thousand reads of ids that nothing has, old and young, cost at most one query in a thousand", async () => {
  const filter = new IdFilter();
  await using stage = await ReadStage.open(["a"], { reader: { filters: { user: filter, room: filter } } });
  const { clock } = stage;
  const marks = Array.from({ length: 50_000 }, (_, n) => ({ id: ulid(n), at: 0 }));
  const stopping = new AbortController();
  const followed = filter.follow(shelf(marks, false), clock, stopping.signal);
  await clock.advance(1);
  stage.queries = 0;
  const { reader } = stage.node("a");
  const now = clock.now();
  for (let batch = 0; batch < 100; batch++) {
    const ids = Array.from({ length: 1_000 }, (_, n) => randomId(n % 2 === 0 ? now : now - 30 * 86_400_000));
    const reads = await stage.run(Promise.all(ids.map((id) => reader.read("room", id))));
    ok(reads.every(({ version }) => version === 0));
  }
  ok(stage.queries <= 100, `${stage.queries} queries`);
  const { refused, falsePositives } = filter.stats;
  equal(refused + falsePositives, 100_000);
  ok(falsePositives <= 100, `${falsePositives} false positives`);
  stopping.abort();
  await followed;
});

Deno.test("[LK51] what exists is never refused: not when another node made it, nor under an id older than itself", async () => {
  const clock = new VirtualClock();
  const filter = new IdFilter();
  const marks: Mark[] = [{ id: ulid(1), at: 0 }];
  const stopping = new AbortController();
  const followed = filter.follow(shelf(marks, true), clock, stopping.signal, true);
  await clock.advance(1);
  const since = () => clock.monotonic() - 30_000;
  const late = ulid(2);
  ok(filter.lacked(late, since()));
  ok(!filter.refuses(late));
  // A guest of long ago becomes a user, on another node, whose message is lost.
  marks.push({ id: late, at: clock.now() });
  await clock.advance(10_000);
  ok(!filter.lacked(late, since()));
  ok(!filter.lacked(ulid(1), since()));
  stopping.abort();
  await followed;
});

Deno.test("[LK52] a filter that cannot read what is new refuses nothing for longer than a card may be old", async () => {
  const clock = new VirtualClock();
  const filter = new IdFilter();
  let fails = false;
  const read = (page: { after: Mark; limit: number }) =>
    fails ? Promise.reject(new Error("away")) : shelf([], true)(page);
  const stopping = new AbortController();
  const followed = filter.follow(read, clock, stopping.signal, true);
  await clock.advance(1);
  ok(filter.lacked(ulid(1), clock.monotonic() - 30_000));
  fails = true;
  await clock.advance(40_000);
  ok(!filter.lacked(ulid(1), clock.monotonic() - 30_000));
  stopping.abort();
  await followed;
});

Deno.test("[LK53] a filter that grew is made anew in one layer, and knows what came meanwhile", async () => {
  const clock = new VirtualClock();
  const filter = new IdFilter();
  const marks: Mark[] = [];
  const stopping = new AbortController();
  const running = filter.fillDaily(shelf(marks, false), clock, stopping.signal);
  await clock.advance(1);
  for (let n = 0; n < 70_000; n++) {
    filter.add(ulid(n));
    if (n < 2_000) marks.push({ id: ulid(n), at: 0 });
  }
  equal(filter.stats.layers, 2);
  marks.push(...Array.from({ length: 3_000 }, (_, n) => ({ id: ulid(100_000 + n), at: 0 })));
  await clock.advance(24 * 3_600_000 + 1);
  await clock.advance(1);
  equal(filter.stats.rebuilds, 1);
  equal(filter.stats.layers, 1);
  ok(marks.every(({ id }) => !filter.refuses(id)));
  stopping.abort();
  await running;
});
