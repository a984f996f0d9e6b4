import { deepEqual } from "node:assert/strict";
import { MemoryBroker } from "actors/bus/memory.ts";
import { RepeatingBus } from "actors/bus/repeating_bus.ts";
import { ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const CHANGED = `barrage.v1.evt.conversation.${ulid(1)}.changed`;
const OTHER = `barrage.v1.evt.conversation.${ulid(2)}.changed`;
const DOORBELL = `barrage.v1.evt.user.${ulid(3)}.conversation`;
const FRAME = `barrage.v1.evt.room.${ulid(4)}.frame`;

async function open() {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  const road = broker.connect();
  const bus = new RepeatingBus(road, clock);
  const heard: string[] = [];
  const receive = ({ subject, data }: { subject: string; data: Uint8Array }) =>
    void heard.push(`${subject.split(".")[3]} ${new TextDecoder().decode(data)}`);
  await broker.connect().subscribe("barrage.v1.evt.>", receive).ready;
  const say = (subject: string, text: string) => bus.publish(subject, new TextEncoder().encode(text));
  return { clock, road, bus, heard, say };
}

Deno.test("[B40] of what was said while the connection was lost, and shortly before, the last change of each conversation and every doorbell are said again", async () => {
  const { clock, road, heard, say } = await open();
  say(CHANGED, "long ago");
  await clock.advance(60_000);
  say(OTHER, "before");
  await clock.settle();
  deepEqual(heard, ["conversation long ago", "conversation before"]);
  road.disconnect();
  say(CHANGED, "first");
  say(CHANGED, "last");
  say(DOORBELL, "one");
  say(DOORBELL, "two");
  say(FRAME, "lost");
  await clock.advance(60_000);
  road.reconnect();
  await clock.settle();
  deepEqual(heard.slice(2), [
    "conversation before",
    "conversation last",
    "user one",
    "user two",
  ]);
});

Deno.test("[B40] what was said long before the connection was lost is not said again", async () => {
  const { clock, road, heard, say } = await open();
  say(CHANGED, "long ago");
  await clock.advance(60_000);
  say(OTHER, "now");
  road.disconnect();
  road.reconnect();
  await clock.settle();
  deepEqual(heard.filter((text) => text.includes("long ago")), ["conversation long ago"]);
});

Deno.test("[B40] what is kept is bounded: the oldest goes first", async () => {
  const { clock, road, heard, say } = await open();
  road.disconnect();
  for (let n = 0; n < 40; n++) say(`barrage.v1.evt.conversation.${ulid(n)}.changed`, `${n}`.padEnd(500_000));
  road.reconnect();
  await clock.settle();
  deepEqual(heard.map((text) => text.trim()), Array.from({ length: 33 }, (_, n) => `conversation ${n + 7}`));
});
