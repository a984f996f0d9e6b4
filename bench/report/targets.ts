import type { LoginRow } from "../measures/logins.ts";
import type { Spread } from "../parts/accounts.ts";
import { advantage } from "../parts/fan_out.ts";
import type { Result } from "../result.ts";
import { judgeReads } from "./read_targets.ts";
import { judgeAi } from "./ai_targets.ts";
import { judgeChat } from "./chat_targets.ts";
import { count, micros, ms, percent } from "./format.ts";
import type { Target } from "./target.ts";

const FLOOR_SHARE = 0.8;
const MEMORY_OVER_FLOOR = 6 * 1_024;
const COMMANDS_PER_SECOND = 300_000;
const START_MS = 1_500;
const REMOTE_SHARE = 0.6;
const SPREAD_RATIO = 1.15;
const BUS_GROWTH = 1.1;
const TAKEOVER_MS = 15_000;
const HAND_OFF_MS = 50;
const DEPLOY_MS = 200;
const TOKEN_US = 30;
const LOOP_LAG_MS = 20;
const CLOSED_MS = 200;

/** What the project sets out to reach, and whether this run did. */
export function judge(result: Result): Target[] {
  return [
    ...judgeNode(result),
    ...judgeCluster(result),
    ...judgeAccounts(result),
    ...judgeChat(result),
    ...judgeAi(result),
    ...judgeReads(result),
  ];
}

function judgeCluster({ remote, oneRoom, manyRooms, bus, takeover, handOff }: Result): Target[] {
  const targets: Target[] = [];
  if (remote !== undefined) {
    for (const { actors, inFlight, share } of remote.cases) {
      targets.push({
        name: `Remote commands a second, ${count(inFlight)} under way to ${
          actors === 1 ? "one actor" : `${count(actors)} actors`
        }`,
        wanted: `>= ${percent(REMOTE_SHARE)} of bare NATS`,
        measured: percent(share),
        reached: share >= REMOTE_SHARE,
      });
    }
  }
  for (const [rooms, part] of [["one room", oneRoom], ["many rooms", manyRooms]] as const) {
    if (part === undefined) continue;
    const ratio = Math.max(...part.ratios);
    targets.push({
      name: `CPU per viewer and frame, 1 to 3 nodes, ${rooms}`,
      wanted: `<= ${percent(SPREAD_RATIO)} of one node`,
      measured: percent(ratio),
      reached: ratio <= SPREAD_RATIO,
    });
  }
  if (bus !== undefined) {
    targets.push({
      name: `Bus bytes per room and tick, ${bus.load.viewers.at(-1)} viewers`,
      wanted: `<= ${percent(BUS_GROWTH)} of ${bus.load.viewers[0]} viewers`,
      measured: percent(bus.growth),
      reached: bus.growth <= BUS_GROWTH,
    });
  }
  if (takeover !== undefined) {
    targets.push({
      name: "Takeover after a kill, p99",
      wanted: `<= ${TAKEOVER_MS / 1_000} s`,
      measured: `${(takeover.p99 / 1_000).toFixed(1)} s`,
      reached: takeover.p99 <= TAKEOVER_MS,
    });
  }
  if (handOff !== undefined) {
    const { gaps, says, failed } = handOff;
    targets.push({
      name: "Gap at a planned hand-off of a shard, p99",
      wanted: `<= ${HAND_OFF_MS} ms`,
      measured: `${gaps.p99.toFixed(0)} ms`,
      reached: gaps.p99 <= HAND_OFF_MS,
    });
    targets.push({
      name: "Longest gap of a rolling deploy, failed calls",
      wanted: `<= ${DEPLOY_MS} ms, 0`,
      measured: `${says.max.toFixed(0)} ms, ${failed}`,
      reached: says.max <= DEPLOY_MS && failed === 0,
    });
  }
  return targets;
}

function judgeAccounts({ accounts }: Result): Target[] {
  if (accounts === undefined) return [];
  const { tokens, logins, endings } = accounts;
  const check = (name: string, us: number): Target => ({
    name: `Check of a token ${name}, queries`,
    wanted: `< ${TOKEN_US} us, 0`,
    measured: `${micros(us)}, ${count(tokens.queries)}`,
    reached: us < TOKEN_US && tokens.queries === 0,
  });
  const lag = (name: string, { signedIn, lagP99 }: LoginRow): Target => ({
    name: `Event loop late, ${name}, p99`,
    wanted: `<= ${LOOP_LAG_MS} ms`,
    measured: `${ms(lagP99)} at ${signedIn.toFixed(1)}/s`,
    reached: lagP99 <= LOOP_LAG_MS,
  });
  const closed = (name: string, { p99 }: Spread): Target => ({
    name: `From ending ${name} to closed sockets on ${endings.load.nodes} nodes, p99`,
    wanted: `<= ${CLOSED_MS} ms`,
    measured: ms(p99),
    reached: p99 <= CLOSED_MS,
  });
  return [
    check("seen before", Math.max(tokens.header.knownUs, tokens.cookie.knownUs)),
    check("seen for the first time", Math.max(tokens.header.firstUs, tokens.cookie.firstUs)),
    lag("as many logins as a node carries", logins.carried),
    lag(`${logins.load.excess} times as many`, logins.excess),
    closed("a session", endings.single.closed),
    closed(
      `${count(endings.load.accounts * endings.load.sessions)} sessions at once`,
      endings.together.closed,
    ),
  ];
}

function judgeNode({ frames, memory, commands, start }: Result): Target[] {
  const targets: Target[] = [];
  if (frames !== undefined) {
    const share = advantage(frames, "floor", (row) => row.framesPerCpuSecond);
    targets.push({
      name: `Frames per CPU second, ${frames.load.viewers} viewers`,
      wanted: `>= ${FLOOR_SHARE * 100} % of the floor`,
      measured: `${(share * 100).toFixed(0)} %`,
      reached: share >= FLOOR_SHARE,
    });
  }
  if (memory !== undefined) {
    const bytes = (name: string) => memory.rows.find(({ server }) => server === name)!.bytesPerViewer;
    const over = bytes("Barrage") - bytes("floor");
    targets.push({
      name: "Memory per idle viewer",
      wanted: "<= floor + 6 KiB",
      measured: `floor ${over < 0 ? "-" : "+"} ${(Math.abs(over) / 1_024).toFixed(1)} KiB`,
      reached: over <= MEMORY_OVER_FLOOR,
    });
  }
  if (commands !== undefined) {
    const slowest = Math.min(...Object.values(commands));
    targets.push({
      name: "Local commands per second, the slowest case",
      wanted: `>= ${COMMANDS_PER_SECOND.toLocaleString("en")}`,
      measured: Math.round(slowest).toLocaleString("en"),
      reached: slowest >= COMMANDS_PER_SECOND,
    });
  }
  if (start !== undefined) {
    const slower = Math.max(start.freshMs, start.againMs);
    targets.push({
      name: "From start to listening",
      wanted: `<= ${START_MS / 1_000} s`,
      measured: `${(slower / 1_000).toFixed(2)} s`,
      reached: slower <= START_MS,
    });
  }
  return targets;
}
