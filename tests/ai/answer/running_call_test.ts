import { deepEqual, equal } from "node:assert/strict";
import { RunningCall } from "actors/ai/answer/running_call.ts";

const LEASE = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

/** A call, and a pool that answers when it is told to. */
class Stage {
  now = 0;
  readonly asked: PromiseWithResolvers<boolean>[] = [];
  readonly call: RunningCall;

  constructor(lease = LEASE) {
    this.call = new RunningCall(lease, undefined, () => this.now);
  }

  /** Whether it is lost so many milliseconds later. */
  later(ms: number): boolean {
    this.now += ms;
    return this.call.isLost(() => {
      const asked = Promise.withResolvers<boolean>();
      this.asked.push(asked);
      return asked.promise;
    });
  }

  async answered(held: boolean): Promise<void> {
    this.asked.at(-1)!.resolve(held);
    await this.asked.at(-1)!.promise;
    await Promise.resolve();
  }
}

Deno.test("[AN32] the pool is asked once a call has missed its beats, and waited for by nobody", async () => {
  const stage = new Stage();
  deepEqual([stage.later(7_500), stage.asked.length], [false, 0]);
  deepEqual([stage.later(1), stage.later(1_000), stage.asked.length], [false, false, 1]);
  await stage.answered(false);
  equal(stage.later(0), true);
});

Deno.test("[AN32] a call that the pool knows of has twelve seconds, and is asked for at each look", async () => {
  const stage = new Stage();
  for (const ms of [8_000, 1_000, 1_000, 1_000, 1_000]) {
    equal(stage.later(ms), false);
    await stage.answered(true);
  }
  deepEqual([stage.later(1), stage.asked.length], [true, 5]);
});

Deno.test("[AN32] a pool that cannot be asked says nothing", async () => {
  const stage = new Stage();
  stage.later(8_000);
  stage.asked[0]!.reject(new Error("It moves"));
  await stage.asked[0]!.promise.catch(() => {});
  await Promise.resolve();
  deepEqual([stage.later(1_000), stage.asked.length], [false, 2]);
});

Deno.test("[AN32] what the pool said of a silence says nothing of the next one", async () => {
  const stage = new Stage();
  stage.later(8_000);
  stage.call.heard();
  await stage.answered(false);
  deepEqual([stage.later(8_000), stage.asked.length], [false, 2]);
});

Deno.test("[AN32] a call that an incarnation before has begun is asked for after a second and a half", () => {
  const stage = new Stage("");
  deepEqual([stage.later(1_500), stage.asked.length], [false, 0]);
  deepEqual([stage.later(1), stage.asked.length], [false, 1]);
  equal(stage.later(4_500), true);
});
