import { checkOpenFiles, describeMachine } from "./machine.ts";
import { measureCommands } from "./measures/commands.ts";
import type { FanOutLoad } from "./measures/fan_out.ts";
import { measureStart } from "./measures/start.ts";
import { type Options, PARTS, readOptions, USAGE } from "./options.ts";
import { runAccounts } from "./parts/accounts.ts";
import { type AiTerms, runAi } from "./parts/ai.ts";
import { runBusBytes } from "./parts/bus_bytes.ts";
import { type ChatTerms, runChat } from "./parts/chat.ts";
import { runFanOut } from "./parts/fan_out.ts";
import { runHandOff } from "./parts/hand_off.ts";
import { runMemory } from "./parts/memory.ts";
import { runReads } from "./parts/reads.ts";
import { runRemote } from "./parts/remote.ts";
import { runSpread } from "./parts/spread.ts";
import { runTakeover } from "./parts/takeover.ts";
import { renderReport } from "./report/report.ts";
import { writeBenchmarks, writeResult } from "./report/write.ts";
import type { Result } from "./result.ts";
import { Child } from "./servers/child.ts";
import { Cluster } from "./servers/cluster.ts";
import { removeDataDirs, socketIo, ws } from "./servers/contenders.ts";
import { installPeers } from "./servers/peers.ts";
import { medianRow } from "./statistics.ts";

/** A talker may say 5 a second; four leaves room for chance. */
const SAYS_PER_TALKER = 4;
const SPREAD_RATE = 60;
const BUS_RATE = 20;
const WITH_PEERS: ReadonlySet<string> = new Set(["fan-out", "memory"]);
const DEFAULT_LEASE = { leaseTtlMs: 10_000, leaseRenewMs: 2_500 };
const CHAT: ChatTerms = {
  sends: { seconds: 3, conversations: 200, underWay: 1_000, rate: 5_000 },
  nodes: 3,
  delivery: { pairs: 100, rate: 200, seconds: 15 },
  group: { members: 10_000, online: 1_000, messages: 100, everyMs: 200 },
  sync: { people: 10, conversations: 50, messages: 500, restarts: 3 },
};
const QUICK_CHAT: ChatTerms = {
  sends: { seconds: 0.5, conversations: 20, underWay: 100, rate: 500 },
  nodes: 3,
  delivery: { pairs: 10, rate: 50, seconds: 1 },
  group: { members: 100, online: 20, messages: 5, everyMs: 50 },
  sync: { people: 2, conversations: 10, messages: 50, restarts: 1 },
};
/** More than is ever under way. */
const HIGH = { model: "fast", keys: 4, limits: { startsPerSecond: 10_000, inFlight: 1_000 } };
const AI: AiTerms = {
  slots: {
    ...{ model: "busy", keys: 8, limits: { startsPerSecond: 2, inFlight: 2 }, tokens: 16, tokenMs: 100 },
    ...{ guests: 24, questions: 5, seconds: 15 },
  },
  firstToken: { ...HIGH, tokens: 3, tokenMs: 2, requests: 600 },
  streams: { ...HIGH, tokens: 20, tokenMs: 10, underWay: 200, guests: 16, seconds: 5 },
  takeover: {
    ...{ model: "slow", keys: 4, limits: { startsPerSecond: 2, inFlight: 2 }, tokens: 16, tokenMs: 100 },
    ...{ askers: 24, questions: 3, kills: 3, nodes: 3 },
  },
  rounds: 2,
};
const QUICK_AI: AiTerms = {
  slots: { ...AI.slots, guests: 8, seconds: 2 },
  firstToken: { ...AI.firstToken, requests: 50 },
  streams: { ...AI.streams, underWay: 50, seconds: 1 },
  takeover: { ...AI.takeover, kills: 1 },
  rounds: 1,
};
const READS = { seconds: 2, rate: 5_000, users: 10_000 };
const QUICK_READS = { seconds: 0.5, rate: 1_000, users: 1_000 };
const QUICK_LEASE = { leaseTtlMs: 2_000, leaseRenewMs: 500 };

if (Deno.args.includes("--help")) {
  console.log(USAGE);
  Deno.exit();
}
Deno.addSignalListener("SIGINT", () => cleanUp().finally(() => Deno.exit(130)));
Deno.addSignalListener("SIGTERM", () => cleanUp().finally(() => Deno.exit(143)));
try {
  const options = readOptions(Deno.args);
  const result = await bench(options);
  const report = renderReport(result);
  console.log(`\n${report}`);
  await writeResult(result);
  if (options.write) await writeBenchmarks(report, options.only.length === 0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
} finally {
  await cleanUp();
}

async function bench(options: Options): Promise<Result> {
  const { quick, spread, kills } = options;
  await checkOpenFiles(Math.max(options.viewers, options.frameViewers, options.idle * 1.2, spread));
  const parts = PARTS.filter((part) => options.only.length === 0 || options.only.includes(part));
  const runtime = parts.some((part) => WITH_PEERS.has(part)) ? await installPeers() : undefined;
  const peers = runtime === undefined ? [] : [ws(runtime), socketIo(runtime)];
  const result: Result = { machine: await describeMachine(runtime?.description), options };
  const { rounds, viewers, frameViewers } = options;
  const load = (rate: number, viewers: number): FanOutLoad => ({
    viewers,
    rate,
    talkers: Math.ceil(rate / SAYS_PER_TALKER),
    watchers: 20,
    seed: options.seed,
    warmUpMs: options.quick ? 1_000 : 3_000,
    windowMs: options.windowMs,
    graceMs: options.quick ? 500 : 2_000,
  });

  for (const part of parts) {
    switch (part) {
      case "fan-out":
        result.heavy = await runFanOut(load(options.rate, viewers), rounds, peers, progress);
        if (!options.quick) {
          result.light = await runFanOut(load(options.lowRate, viewers), rounds, peers, progress);
        }
        break;
      case "frames":
        if (!options.quick) {
          result.frames = await runFanOut(load(options.frameRate, frameViewers), rounds + 2, [], progress);
        }
        break;
      case "memory":
        result.memory = await runMemory(
          { base: options.idle / 5, more: options.idle, settleMaxMs: options.quick ? 1_500 : 20_000 },
          rounds,
          peers,
          progress,
        );
        break;
      case "commands":
        progress("local commands");
        result.commands = await measureCommands(options.commandSeconds);
        break;
      case "start":
        progress("start");
        result.start = await medianStart(options.starts);
        break;
      case "remote":
        result.remote = await runRemote(
          quick ? { seconds: 0.3, warmUpSeconds: 0.2, rounds } : { seconds: 3, warmUpSeconds: 2, rounds },
          progress,
        );
        break;
      case "spread":
        result.oneRoom = await runSpread({ ...load(SPREAD_RATE, spread), rooms: 1 }, rounds, progress);
        if (!quick) {
          result.manyRooms = await runSpread({ ...load(SPREAD_RATE, spread), rooms: 12 }, rounds, progress);
        }
        break;
      case "bus":
        result.bus = await runBusBytes(
          {
            ...load(BUS_RATE, 0),
            viewers: quick ? [10, 100] : [10, 100, 1_000],
            nodes: 3,
          },
          rounds,
          progress,
        );
        break;
      case "takeover":
        result.takeover = await runTakeover(
          { kills, nodes: 3, rooms: 60, ...(quick ? QUICK_LEASE : DEFAULT_LEASE) },
          progress,
        );
        break;
      case "hand-off":
        result.handOff = await runHandOff({ nodes: 3, rooms: 24, rounds: quick ? 1 : 4 }, progress);
        break;
      case "accounts":
        result.accounts = await runAccounts(
          {
            seconds: options.commandSeconds,
            logins: {
              accounts: quick ? 4 : 50,
              inFlight: 16,
              excess: 4,
              warmUpMs: quick ? 500 : 2_000,
              windowMs: quick ? 1_000 : options.windowMs,
            },
            endings: { nodes: 3, accounts: quick ? 3 : 30, sessions: quick ? 3 : 10 },
          },
          rounds,
          progress,
        );
        break;
      case "chat":
        result.chat = await runChat(quick ? QUICK_CHAT : CHAT, rounds, progress);
        break;
      case "reads":
        result.reads = await runReads(quick ? QUICK_READS : READS, rounds, progress);
        break;
      case "ai":
        result.ai = await runAi(quick ? QUICK_AI : AI, progress);
        break;
    }
  }
  return result;
}

async function medianStart(starts: number) {
  const first = await measureStart();
  const more = [];
  while (more.length < starts - 1) more.push(await measureStart());
  return medianRow([first, ...more]);
}

function progress(line: string): void {
  console.error(line);
}

async function cleanUp(): Promise<void> {
  await Promise.all([Child.killAll(), Cluster.killAll()]);
  await removeDataDirs();
}
