import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { OpenAiProvider } from "providers/openai.ts";
import { UpstreamProcess } from "tests/support/upstream/process.ts";
import { attempt, callOf, kindOf } from "./attempt.ts";

Deno.test("[Z53] as a process of its own it is told the same over HTTP", async () => {
  await using upstream = await UpstreamProcess.start("--tokens", "7");
  const provider = new OpenAiProvider();
  const credential = await upstream.credential({ id: "a", limits: { startsPerSecond: 10, inFlight: 2 } });
  equal(kindOf(await attempt(provider, callOf(credential))), "none");
  await upstream.faults({ fault: { kind: "quota" }, calls: [2] });
  equal(kindOf(await attempt(provider, callOf(credential))), "quota");
  await upstream.set({ tokens: 9 });
  equal(kindOf(await attempt(provider, callOf(credential))), "none");
  const { all, uses, sockets } = await upstream.counts();
  deepEqual([all.calls, all.completed, all.faults, all.completionTokens], [3, 2, 1, 16]);
  deepEqual(uses.map(({ credential, use }) => [credential, use]), [["a", "text:gpt-4o"]]);
  ok(sockets > 0);
  await upstream.forget();
  equal((await upstream.counts()).all.calls, 0);
  await rejects(upstream.set({ tokens: -1 }), /Cannot control the upstream/);
});
