import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import { UpstreamFault } from "actors/ai/provider.ts";
import { type AiProcess, AiStage, type AiStageOptions } from "tests/support/ai_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

async function opened(options: AiStageOptions): Promise<{ stage: AiStage; process: AiProcess }> {
  const stage = await AiStage.open(options);
  return { stage, process: await stage.start() };
}

Deno.test("[AN21][AN22] a job is taken up again with the credential that began it", async () => {
  const use = { feature: "slides" } as const;
  const { stage, process } = await opened({ credentials: 2, use });
  await using _ = stage;
  const request = { feature: "slides", prompt: "Cats", pages: 3 } as const;
  await stage.run(process.ask(1, { request }));
  const first = await stage.call(1);
  first.emit({ kind: "started" }, { kind: "job", job: "sid-1" });
  await stage.settle();
  deepStrictEqual((await stage.storage.answers.read(ulid(1)))?.job, {
    credential: first.call.credential.id,
    job: "sid-1",
  });
  first.fail(new UpstreamFault("transient", "502"));
  const second = await stage.call(2);
  deepStrictEqual([second.call.job, second.call.credential.id], ["sid-1", first.call.credential.id]);
  second.emit({ kind: "progress", percent: 50 });
  second.emit({ kind: "file", bytes: new Uint8Array([1, 2, 3]), type: "text/plain", name: "a.txt" });
  second.finish();
  await stage.pass(500);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.files.length, stored?.files[0]?.bytes], ["done", 1, 3]);
  const file = await stage.storage.aiFiles.read(stored!.files[0]!.id);
  deepStrictEqual([...file!.bytes], [1, 2, 3]);
});

Deno.test("[AN21] a job that its provider gave up is begun anew, with whatever credential", async () => {
  const { stage, process } = await opened({ credentials: 2, use: { feature: "slides" } });
  await using _ = stage;
  const request = { feature: "slides", prompt: "Cats", pages: 3 } as const;
  await stage.run(process.ask(1, { request }));
  const first = await stage.call(1);
  first.emit({ kind: "started" }, { kind: "job", job: "sid-1" });
  await stage.settle();
  first.emit({ kind: "job", job: "" });
  first.fail(new UpstreamFault("transient", "20006"));
  const second = await stage.call(2);
  strictEqual(second.call.job, undefined);
  strictEqual(second.call.credential.id === first.call.credential.id, false);
});

Deno.test("[AN22] a file that the store does not take at once is not lost, and no credential is blamed for it", async () => {
  const { stage, process } = await opened({ use: { feature: "image" } });
  await using _ = stage;
  const request = { feature: "image", prompt: "Cats", width: 512, height: 512 } as const;
  const file = { kind: "file", bytes: new Uint8Array([1, 2]), type: "image/png", name: "a.png" } as const;
  await stage.run(process.ask(1, { request }));
  for (let n = 0; n < 3; n++) process.storage.refuseNext("aiFiles", new BarrageError("unavailable", "away"));
  const call = await stage.call(1);
  call.emit(file);
  call.finish();
  await stage.pass(2_000);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.files.length, stage.provider.calls.length], ["done", 1, 1]);
  // And when it never does.
  await stage.run(process.ask(2, { request }));
  for (let n = 0; n < 100; n++) {
    process.storage.refuseNext("aiFiles", new BarrageError("unavailable", "away"));
  }
  (await stage.call(2)).emit(file);
  await stage.call(3, 30_000);
  const { uses } = await stage.run(process.pool("image").inspect({}));
  deepStrictEqual(uses.map(({ state }) => state), ["ready"]);
});

Deno.test("[AN31] a picture that is stored is the answer, though its call breaks before it ends", async () => {
  const { stage, process } = await opened({ credentials: 2, use: { feature: "image" } });
  await using _ = stage;
  await stage.run(
    process.ask(1, { request: { feature: "image", prompt: "Cats", width: 512, height: 512 } }),
  );
  const call = await stage.call(1);
  call.emit({ kind: "file", bytes: new Uint8Array([1]), type: "image/png", name: "a.png" });
  await stage.settle();
  call.fail(new UpstreamFault("cut", "reset"));
  await stage.pass(1_000);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.files.length, stage.provider.calls.length], ["done", 1, 1]);
});
