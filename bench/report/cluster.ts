import type { Occasion } from "../machine.ts";
import type { BusPart } from "../parts/bus_bytes.ts";
import type { RemotePart } from "../parts/remote.ts";
import type { SpreadPart } from "../parts/spread.ts";
import type { TakeoverPart } from "../parts/takeover.ts";
import { count, kib, medians, micros, ms, percent } from "./format.ts";
import { table } from "./table.ts";

export function renderRemote({ seconds, rounds, occasion, bytes, cases, latency }: RemotePart): string {
  const facts =
    `Calls a second between two processes, ${bytes} bytes there and back, windows of ${seconds} s. ` +
    `${medians(rounds)} ${when(occasion)}`;
  const rates = table(
    ["Actors", "In flight", "Bare NATS", "Remote", "Local", "Remote/bare"],
    cases.map(({ actors, inFlight, row, share }) => [
      count(actors),
      count(inFlight),
      count(row.bare),
      count(row.remote),
      count(row.local),
      percent(share),
    ]),
  );
  const alone = table(
    ["One call at a time", "p50", "p99"],
    ([["bare NATS", latency.bare], ["remote", latency.remote], ["local", latency.local]] as const)
      .map(([way, { p50, p99 }]) => [way, micros(p50 * 1_000), micros(p99 * 1_000)]),
  );
  return [facts, rates, alone].join("\n\n");
}

export function renderSpread({ load, occasion, rounds, rows, ratios }: SpreadPart): string {
  const rooms = load.rooms === 1 ? "one room" : `${load.rooms} rooms`;
  const facts =
    `${count(load.viewers)} viewers in ${rooms}, ${load.rate} messages a second in all, windows of ` +
    `${load.windowMs / 1_000} s. CPU is that of all nodes together. ${medians(rounds.length)} ${
      when(occasion)
    }`;
  const costs = table(
    ["Nodes", "CPU", "Frames/s each", "CPU per viewer and s", "CPU per frame", "Against one node", "Lost"],
    rows.map((row, nth) => [
      `${row.nodes}`,
      percent(row.cpu),
      row.framesPerViewerSecond.toFixed(1),
      micros(row.cpuPerViewerUs),
      micros(row.cpuPerFrameUs),
      percent(ratios[nth]!),
      count(row.lost),
    ]),
  );
  return [facts, costs].join("\n\n");
}

export function renderBus({ load, occasion, rounds, rows }: BusPart): string {
  const facts =
    `One room on ${load.nodes} nodes, viewers on all of them, ${load.rate} messages a second from ` +
    `${load.talkers} talkers, windows of ${load.windowMs / 1_000} s. ${medians(rounds.length)} ${
      when(occasion)
    }`;
  const bytes = table(
    ["Viewers", "Ticks/s", "Events in", "Commands in", "Events out", "All sockets"],
    rows.map((row) => [
      count(row.viewers),
      row.ticksPerSecond.toFixed(1),
      `${count(row.eventsIn)} B`,
      `${count(row.commandsIn)} B`,
      `${count(row.eventsOut)} B`,
      kib(row.sockets),
    ]),
  );
  return [facts, bytes].join("\n\n");
}

export function renderTakeover({ load, occasion, kills, p50, p99, max }: TakeoverPart): string {
  const rooms = kills.reduce((sum, { ackedMs }) => sum + ackedMs.length, 0);
  const { nodes, leaseTtlMs, leaseRenewMs } = load;
  const facts = `${kills.length} kills on ${nodes} nodes, ${count(rooms)} rooms taken over; a lease of ` +
    `${leaseTtlMs / 1_000} s, renewed every ${leaseRenewMs / 1_000} s. ${when(occasion)}`;
  const times = table(["From the kill to the first ack", "p50", "p99", "Longest"], [
    ["of each room", ms(p50), ms(p99), ms(max)],
  ]);
  return [facts, times].join("\n\n");
}

function when({ date, loadAverage }: Occasion): string {
  return `Measured ${date}, load average before: ${loadAverage}.`;
}
