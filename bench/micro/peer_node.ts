/**
 * A node of a cluster that hosts nothing but an actor which answers with what it is told. Arguments: name, URL of the
 * message server, URL of the database. It obeys `PeerCommand`s, one a line of JSON, and ends with its stdin.
 */
import { z } from "zod";
import { NatsBus } from "actors/bus/nats.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { defineActor } from "actors/runtime/definition.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import { shardOf } from "actors/runtime/shard.ts";
import { openPostgres } from "storage/postgres.ts";
import { TextLineStream } from "../servers/lines.ts";
import { callsPerSecond, latency } from "./pace.ts";
import type { PeerCommand } from "./peer_commands.ts";

const LOCAL_SLICE_MS = 50;

const echo = defineActor({
  kind: "echo",
  placement: "shard",
  key: z.string(),
  verbs: { say: { input: z.string(), output: z.string() } },
});

const [name, natsUrl, databaseUrl] = Deno.args as [string, string, string];
await using storage = await openPostgres({ url: databaseUrl });
await using bus = await NatsBus.connect({
  servers: [natsUrl],
  name,
  onError: (error) => console.error(error),
});
using clock = new SystemClock();
const node = new ActorNode({
  node: { id: name, address: "127.0.0.1", version: "0" },
  clock,
  random: Math.random,
  bus,
  storage,
  limits: DEFAULT_LIMITS,
  // As by default, apart from the settling: the two nodes shall share the shards at once.
  lease: { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 0 },
  alone: false,
  networked: true,
});
node.host(echo, () => ({ say: (text) => text }));
await node.start();

/** Names of actors that live here, or elsewhere. */
function keys(where: "local" | "remote", count: number): string[] {
  const found: string[] = [];
  for (let n = 0; found.length < count; n++) {
    const here = node.ownership.epochOf(shardOf(echo.kind, `${n}`)) !== undefined;
    if (here === (where === "local")) found.push(`${n}`);
  }
  return found;
}

async function obey(command: PeerCommand): Promise<unknown> {
  switch (command.do) {
    case "count":
      return { shards: node.ownership.shards.length };
    case "rate": {
      const { where, actors, inFlight, text, seconds } = command;
      const refs = keys(where, actors).map((key) => node.ref(echo, key));
      let turn = 0;
      const call = () => refs[turn++ % actors]!.say(text);
      return {
        rate: await callsPerSecond(inFlight, call, seconds, where === "local" ? LOCAL_SLICE_MS : Infinity),
      };
    }
    case "latency": {
      const ref = node.ref(echo, keys(command.where, 1)[0]!);
      return await latency(() => ref.say(command.text), command.seconds);
    }
  }
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
for await (const line of lines) console.log(JSON.stringify(await obey(JSON.parse(line))));
Deno.exit();
