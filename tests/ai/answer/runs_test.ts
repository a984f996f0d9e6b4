import { deepEqual, equal } from "node:assert/strict";
import { DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { Runs } from "actors/ai/answer/runs.ts";
import type { Runner } from "actors/ai/pool/definition.ts";
import type { ActorDefinition, Verbs } from "actors/runtime/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { seeded, ulid } from "tests/support/room_stage.ts";
import { ScriptedProvider } from "tests/support/scripted_provider.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";
import { Ids } from "actors/runtime/ids.ts";

/** The calls of a node whose lease is what the test says; the actors they speak to take what they are told. */
class Stage {
  readonly clock = new VirtualClock();
  readonly provider = new ScriptedProvider();
  readonly told: (readonly [verb: string, input: unknown])[] = [];
  runner: Runner | undefined = { id: "node-a", epoch: 1 };
  readonly runs = new Runs({
    ...{ clock: this.clock, ids: new Ids(this.clock, seeded(1)), limits: DEFAULT_ANSWER_LIMITS },
    runner: () => this.runner,
    vault: { open: (id) => Promise.resolve({ id, provider: "script", secret: {} }) },
    providers: { named: () => this.provider },
    files: { write: () => Promise.resolve() },
    ref: <V extends Verbs>(_definition: ActorDefinition<V>) => this.#actor as Ref<V>,
  });

  begin(n: number): void {
    const lease = ulid(n);
    this.runs.begin({
      ...{ answer: ulid(100 + n), text: "", deadline: this.clock.monotonic() + 60_000 },
      request: { feature: "text", messages: [{ role: "user", content: "Hello" }], options: {} },
      lease: { lease, credential: ulid(200), upstreamModel: "m", attempt: 1, termMs: 15_000 },
    }, "m");
  }

  get #actor() {
    const say = (verb: string, output: unknown) => (input: unknown) => {
      this.told.push([verb, input]);
      return Promise.resolve(output);
    };
    return {
      ...{ renew: say("renew", { held: true }), release: say("release", {}), started: say("started", {}) },
      pieces: (input: { from: number; pieces: readonly { text?: string }[] }) => {
        this.told.push(["pieces", input]);
        const length = input.pieces.reduce((sum, { text = "" }) => sum + text.length, input.from);
        return Promise.resolve({ length, stop: false });
      },
    } as unknown as Ref<Verbs>;
  }
}

Deno.test("[I57] a call says in which process it is made, as soon as it begins", async () => {
  const stage = new Stage();
  stage.begin(1);
  await stage.clock.settle();
  deepEqual(stage.told[0], ["renew", { lease: ulid(1), started: false, runner: stage.runner }]);
  stage.provider.calls[0]!.finish();
  await stage.clock.advance(1);
});

Deno.test("[I58] calls of a process that has lost its lease are cut off, and so are those from before it got another", async () => {
  for (const now of [undefined, { id: "node-a", epoch: 2 }]) {
    const stage = new Stage();
    stage.begin(1);
    await stage.clock.advance(10_000);
    const [call] = stage.provider.calls;
    equal(call!.signal.aborted, false);
    stage.runner = now;
    await stage.clock.advance(250);
    equal(call!.signal.aborted, true);
    await stage.clock.advance(1_000);
    equal(stage.runs.size, 0);
  }
});

Deno.test("[I58] a process without its lease begins no call", async () => {
  const stage = new Stage();
  stage.runner = undefined;
  stage.begin(1);
  await stage.clock.advance(1_000);
  deepEqual([stage.runs.size, stage.provider.calls.length, stage.told.length], [0, 0, 0]);
});

/** What answer `n` was sent, one entry for each command. */
function sent({ told }: Stage, n: number): unknown[] {
  return told.flatMap(([verb, input]) => {
    const { lease, pieces } = input as { lease: string; pieces?: { kind: string; text?: string }[] };
    if (verb !== "pieces" || lease !== ulid(n)) return [];
    return [pieces!.map(({ kind, text }) => text ?? kind).join(" ")];
  });
}

async function say({ clock, provider }: Stage, n: number, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    provider.calls[n - 1]!.say(text);
    await clock.settle();
  }
}

Deno.test("[AN40] while many calls are made text is gathered; the first of it, and the end, are not kept waiting", async () => {
  const stage = new Stage();
  for (let n = 1; n <= 32; n++) stage.begin(n);
  await stage.clock.settle();
  await say(stage, 1, "One ", "two ", "three ");
  deepEqual(sent(stage, 1), ["One "]);
  await stage.clock.advance(24);
  deepEqual(sent(stage, 1), ["One "]);
  await stage.clock.advance(1);
  deepEqual(sent(stage, 1), ["One ", "two three "]);
  await say(stage, 1, "four");
  stage.provider.calls[0]!.finish();
  await stage.clock.settle();
  deepEqual(sent(stage, 1), ["One ", "two three ", "four end"]);
});

Deno.test("[AN40] what is not text takes along what was gathered", async () => {
  const stage = new Stage();
  for (let n = 1; n <= 32; n++) stage.begin(n);
  await stage.clock.settle();
  await say(stage, 1, "One ", "two ");
  stage.provider.calls[0]!.emit({ kind: "unshown", what: "reasoning" });
  await stage.clock.settle();
  deepEqual(sent(stage, 1), ["One ", "two  unshown"]);
});

Deno.test("[AN40] while few calls are made nothing waits", async () => {
  const stage = new Stage();
  for (let n = 1; n <= 31; n++) stage.begin(n);
  await stage.clock.settle();
  await say(stage, 1, "One ", "two ");
  deepEqual(sent(stage, 1), ["One ", "two "]);
});
