import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { ulid } from "tests/support/room_stage.ts";
import { ReadStage } from "tests/support/read_stage.ts";

const NODES = ["a", "b", "c"];
const ROOMS = [ulid(1), ulid(2)];
/** Short enough that entries grow old while a schedule runs, and longer than a killed node's shards are nobody's. */
const READS = { freshMs: 2_000, staleMs: 4_000, absentMs: 500, firstMs: 800, shareMs: 500 };

const node = fc.constantFrom(...NODES);
const room = fc.constantFrom(...ROOMS);
const Step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), room, node }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("read" as const), room, node }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("own" as const), room, node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("begin" as const), room, node }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("faults" as const),
      lost: fc.constantFrom(0, 0.3, 1),
      delayMs: fc.constantFrom(0, 50, 2_000),
      queryMs: fc.constantFrom(0, 10, 600, 3_500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), room, node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deploy" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("away" as const), away: fc.boolean() }) },
);

/** When each version was acknowledged; the first is 1. */
class Model {
  readonly #acked = new Map<string, number[]>(ROOMS.map((room) => [room, [-Infinity]]));

  written(room: string, at: number): void {
    this.#acked.get(room)!.push(at);
  }

  newest(room: string, at: number): number {
    return this.#acked.get(room)!.filter((when) => when <= at).length;
  }
}

Deno.test({
  name:
    "[LK20] whatever is lost, late, restarted or away: own writes are seen, others are within the bound, nothing is wrong",
  async fn() {
    let reads = 0;
    let behind = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(Step, { minLength: 20, maxLength: 120, size: "max" }),
        fc.integer(),
        async (steps, seed) => {
          await using stage = await ReadStage.open(NODES, { reads: READS, seed });
          const model = new Model();
          const open: Promise<void>[] = [];
          for (const room of ROOMS) await stage.createRoom(room, "v1");
          const now = () => stage.clock.monotonic();

          async function read(id: string, room: string, own: boolean): Promise<void> {
            const from = now();
            const least = own ? model.newest(room, from) : model.newest(room, from - READS.staleMs);
            const answer = await stage.node(id).title(room, own).catch((error) => {
              // A node that was killed, or a shard that nobody owns yet: no answer is not a wrong one.
              equal(typeof error.reason, "string", String(error));
              return undefined;
            });
            if (answer === undefined) return;
            reads++;
            equal(answer.title, `v${answer.version}`);
            ok(answer.version >= least, `${own ? "own" : "other"} read gave ${answer.version}, not ${least}`);
            ok(answer.version <= model.newest(room, Infinity) + 1);
            if (answer.version < model.newest(room, from)) behind++;
          }

          async function write(room: string, teller?: string): Promise<void> {
            const version = model.newest(room, Infinity) + 1;
            await stage.rename(room, `v${version}`, teller);
            model.written(room, now());
          }

          for (const step of steps) {
            switch (step.do) {
              case "write":
                await write(step.room, step.node);
                break;
              case "read":
                await stage.run(read(step.node, step.room, false));
                break;
              case "own":
                await stage.run(read(step.node, step.room, true));
                break;
              case "begin":
                open.push(read(step.node, step.room, false));
                break;
              case "wait":
                await stage.clock.advance(step.ms);
                break;
              case "faults":
                stage.faults.lost = step.lost;
                stage.faults.delayMs = step.delayMs;
                stage.queryMs = () => Math.floor(stage.random() * step.queryMs);
                break;
              case "die": {
                await write(step.room);
                stage.node(step.node).kill();
                await stage.start(step.node);
                // Reads that began there have nobody to answer them.
                break;
              }
              case "deploy":
                await stage.run(stage.node(step.node).runtime.handEverythingOver(2_000));
                stage.node(step.node).kill();
                await stage.start(step.node);
                break;
              case "cut":
                stage.node(step.node).bus.disconnect();
                await stage.clock.advance(500);
                stage.node(step.node).bus.reconnect();
                break;
              case "lose":
                stage.loseShared();
                break;
              case "away":
                stage.sharedAway = step.away;
                break;
            }
          }
          // With nothing lost any more, every node comes to the last version of its own accord.
          stage.faults.lost = 0;
          stage.faults.delayMs = 0;
          stage.sharedAway = false;
          stage.queryMs = () => 0;
          await stage.clock.advance(25_000);
          for (const id of NODES) {
            for (const room of ROOMS) {
              const answer = await stage.run(stage.node(id).title(room, false));
              equal(answer.version, model.newest(room, Infinity));
            }
          }
          equal((await stage.storage.changes.untold(0, 100)).length, 0);
        },
      ),
      { numRuns: Number(Deno.env.get("READ_RUNS") ?? 6) },
    );
    ok(reads > 100);
    // Or nothing was ever cached, and the bound means nothing.
    ok(behind > 0);
  },
});
