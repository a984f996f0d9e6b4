import { deepEqual, equal } from "node:assert/strict";
import type { RoomVerbs } from "actors/room/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import { Say } from "protocol/rooms.ts";
import { viewer } from "tests/support/room_stage.ts";
import { ClusterStage, type Seated } from "./stage.ts";

const NODES = ["a", "b", "c"];

const PAUSE_MS = 40;

/** Says one thing after the other from node `a`, each again until it is accepted. */
class Talker {
  readonly said: string[] = [];
  readonly #stage: ClusterStage;
  readonly #room: string;
  #on = true;
  readonly #done: Promise<void>;

  constructor(stage: ClusterStage, room: string) {
    this.#stage = stage;
    this.#room = room;
    this.#done = this.#talk();
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#done;
  }

  async #talk(): Promise<void> {
    for (let n = 0; this.#on; n++) {
      const text = `line-${n}`;
      const say = Say.parse({ text, id: text });
      while (!await this.#accepted(n, say)) await this.#pause();
      this.said.push(text);
      await this.#pause();
    }
  }

  async #accepted(n: number, say: Parameters<Ref<RoomVerbs>["say"]>[0]): Promise<boolean> {
    try {
      await this.#stage.member("a").room(this.#room, viewer(n)).say(say);
      return true;
    } catch (error) {
      if (ERRORS[BarrageError.from(error).reason].retry) return false;
      throw error;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#stage.clock.after(PAUSE_MS, resolve));
  }
}

async function joinFor(stage: ClusterStage, room: string, ms: number, seats: Seated[]): Promise<void> {
  const members = ["a", "c"].map((id) => stage.member(id));
  for (let passed = 0; passed < ms; passed += 130) {
    const member = members[seats.length % 2]!;
    member.join(room, viewer(90_000 + seats.length)).then((seat) => seats.push(seat), () => {
      // Nobody owns the room at this moment; the next one tries again.
    });
    await stage.clock.advance(130);
  }
}

/** Whatever a viewer has seen since it came is everything that was said since, once and in order. */
function checkWhole(seats: readonly Seated[], said: readonly string[]): void {
  for (const { texts } of seats) {
    const from = said.indexOf(texts[0]!);
    deepEqual(texts, said.slice(from));
  }
}

Deno.test("[Y14] those who join on nodes that do not own the room miss nothing and see nothing twice", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const talker = new Talker(stage, room);
  const seats: Seated[] = [];
  await joinFor(stage, room, 5_000, seats);
  await stage.run(talker.stop());
  await stage.clock.advance(1_000);
  equal(seats.length, 39);
  checkWhole(seats, talker.said);
});

Deno.test("[Y15] viewers and newcomers miss nothing and see nothing twice while the room changes its node", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const talker = new Talker(stage, room);
  const seats: Seated[] = [];
  await joinFor(stage, room, 1_000, seats);
  const handed = stage.member("b").node.handEverythingOver(10_000);
  await joinFor(stage, room, 4_000, seats);
  await stage.run(handed);
  await stage.run(talker.stop());
  await stage.clock.advance(2_000);
  equal(stage.member("b").owns(room), false);
  checkWhole(seats, talker.said);
});

Deno.test("[Y16] viewers and newcomers miss nothing and see nothing twice over a kill of the room's node", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const talker = new Talker(stage, room);
  const seats: Seated[] = [];
  await joinFor(stage, room, 1_040, seats);
  stage.member("b").kill();
  await joinFor(stage, room, 16_000, seats);
  await stage.run(talker.stop());
  await stage.clock.advance(12_000);
  const before = seats.length;
  equal(before > 20, true);
  checkWhole(seats, talker.said);
});

Deno.test("[Y25] danmaku without an id of the client is stored once, also when its room's node dies before it can answer", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const owner = stage.member("b");
  await stage.run(stage.member("a").say(room, viewer(1), "first"));
  const say = stage.member("a").room(room, viewer(2)).say(Say.parse({ text: "second" }), {
    timeoutMs: 25_000,
  });
  const stored = async () => (await stage.storage.rooms.itemsAfter(room, 0, 10)).map(({ item }) => item.text);
  const answer = owner.storage.hold("lane");
  await stage.clock.advance(300);
  // Stored, and the process is gone before anybody hears of it.
  answer();
  owner.kill();
  await stage.clock.settle();
  deepEqual(await stored(), ["first", "second"]);
  await stage.run(say, 30_000);
  deepEqual(await stored(), ["first", "second"]);
});
