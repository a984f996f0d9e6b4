import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Speakers } from "actors/room/speakers.ts";
import { BarrageError } from "protocol/errors.ts";
import { DEFAULT_ROOM_SETTINGS, RoomSettings } from "protocol/rooms.ts";
import { guest, OWNER, RoomStage, viewer } from "tests/support/room_stage.ts";

async function refusal(call: Promise<unknown>): Promise<BarrageError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof BarrageError) return error;
    throw error;
  }
  throw new Error("The call was not refused");
}

Deno.test("[M10] settings can only tighten the server's limits", () => {
  RoomSettings.parse(DEFAULT_ROOM_SETTINGS);
  for (const wider of [{ sayPerSecond: 6 }, { sayBurst: 21 }, { textMax: 201 }, { sayPerSecond: 0 }]) {
    throws(() => RoomSettings.parse({ ...DEFAULT_ROOM_SETTINGS, ...wider }));
  }
});

Deno.test("[M10] textMax counts code points and names the failing path", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { textMax: 5 });
  await using _ = stage;
  await process.say(viewer(1), "😀😀😀😀😀");
  const { reason, details } = await refusal(process.say(viewer(1), "sixsix"));
  deepEqual([reason, details.path], ["invalid_params", "params.text"]);
});

Deno.test("[M10] guests speak only where guestsMaySay; a change counts from the next danmaku", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { guestsMaySay: false });
  await using _ = stage;
  await rejects(process.say(guest(1), "hello"), { reason: "forbidden" });
  await process.say(viewer(2), "hello");
  await process.room(OWNER).update({ settings: { guestsMaySay: true } });
  await stage.run(process.say(guest(1), "hello"));
});

Deno.test("[M11] a user may say a burst, then so many per second, each user on his own", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 3, sayPerSecond: 2 });
  await using _ = stage;
  const burst = [1, 2, 3].map((n) => process.say(viewer(1), `text ${n}`));
  equal((await refusal(process.say(viewer(1), "text 4"))).reason, "rate_limited");
  await stage.run(Promise.all([...burst, process.say(viewer(2), "other")]));
  await stage.pass(10_000);
  const again = [1, 2, 3].map((n) => process.say(viewer(1), `more ${n}`));
  equal((await refusal(process.say(viewer(1), "more 4"))).reason, "rate_limited");
  await stage.run(Promise.all(again));
});

Deno.test("[M11] whoever waits retryAfterMs is heard, and a millisecond less is not enough", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 1, sayPerSecond: 0.7 });
  await using _ = stage;
  await process.say(viewer(1), "first");
  for (let n = 0; n < 5; n++) {
    await stage.pass(n * 7);
    const wait = (await refusal(process.say(viewer(1), "early"))).details.retryAfterMs;
    ok(wait !== undefined && wait > 1);
    await stage.pass(wait - 1);
    equal((await refusal(process.say(viewer(1), "still early"))).details.retryAfterMs, 1);
    await stage.pass(1);
    await stage.run(process.say(viewer(1), "in time"));
  }
});

Deno.test("[M12] a tick takes pendingMax danmaku; more are overloaded until it is over", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { pendingMax: 3 } });
  await using _ = stage;
  await process.say(viewer(1), "at once");
  const waiting = [1, 2, 3].map((n) => process.say(viewer(n), "same text"));
  const refused = await refusal(process.say(viewer(4), "one too many"));
  equal(refused.reason, "overloaded");
  await stage.pass(refused.details.retryAfterMs ?? NaN);
  await Promise.all(waiting);
  await stage.run(process.say(viewer(4), "one too many"));
  deepEqual((await stage.stored()).map(({ item }) => item.count), [1, 3, 1]);
});

Deno.test("[M12] what is refused for any reason takes nothing from the user's rate", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 1, sayPerSecond: 0.05, textMax: 5 });
  await using _ = stage;
  await rejects(process.say(viewer(1), "too long"), { reason: "invalid_params" });
  await process.say(viewer(1), "short");
});

Deno.test("[M13] the memory of who spoke is bounded and forgets first who has not spoken lately", () => {
  const settings = { ...DEFAULT_ROOM_SETTINGS, sayBurst: 2, sayPerSecond: 1 };
  const crowd = new Speakers(10);
  for (let user = 0; user < 11; user++) crowd.take(`${user}`, settings, 0);
  crowd.take("0", settings, 0);
  equal(crowd.take("0", settings, 0), 0);
  crowd.take("10", settings, 0);
  ok(crowd.take("10", settings, 0) > 0);
  const speakers = new Speakers(3);
  for (const user of ["b", "a", "c"]) speakers.take(user, settings, 0);
  for (let n = 0; n < 2; n++) speakers.take("b", settings, 1_500);
  speakers.take("d", settings, 1_500);
  ok(speakers.take("b", settings, 1_500) > 0, "b was forgotten although a and c had full buckets");
});

Deno.test("[M15] every refused danmaku is counted by its reason", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 1, textMax: 5 });
  await using _ = stage;
  await process.say(viewer(1), "one");
  await refusal(process.say(viewer(1), "two"));
  await refusal(process.say(viewer(2), "far too long"));
  const { drops } = process.node;
  deepEqual([drops.of("room", "rate_limited"), drops.of("room", "invalid_params")], [1, 1]);
});
