import { advantage, type FanOutPart } from "../parts/fan_out.ts";
import type { MemoryPart } from "../parts/memory.ts";
import type { Result } from "../result.ts";
import { renderAccounts } from "./accounts.ts";
import { renderAi } from "./ai.ts";
import { renderChat } from "./chat.ts";
import { renderBus, renderRemote, renderSpread, renderTakeover } from "./cluster.ts";
import { count, kib, medians, ms, percent, times } from "./format.ts";
import { renderHandOff } from "./hand_off.ts";
import { renderReads } from "./reads.ts";
import { table } from "./table.ts";
import { judge } from "./targets.ts";

/** The whole run as Markdown. */
export function renderReport(result: Result): string {
  const { machine, options, heavy, light, frames, memory, commands, start } = result;
  const { remote, oneRoom, manyRooms, bus, takeover, handOff, accounts, chat, ai, reads } = result;
  const sections = [
    `${machine.date}, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ` +
    `Deno ${machine.deno}${
      machine.peers === undefined ? "" : `; peers: ${machine.peers}`
    }. Load average before the run: ${machine.loadAverage}. ` +
    `Windows of ${options.windowMs / 1_000} s, seed ${options.seed}.`,
    options.quick
      ? "A quick run shows that everything runs; its numbers are too small to judge by."
      : renderGoals(result),
  ];
  if (heavy !== undefined) sections.push(`### Fan-out, heavy load\n\n${renderFanOut(heavy)}`);
  if (light !== undefined) sections.push(`### Fan-out, light load\n\n${renderFanOut(light)}`);
  if (frames !== undefined) sections.push(`### Frames, many viewers\n\n${renderFanOut(frames)}`);
  if (memory !== undefined) sections.push(`### Memory\n\n${renderMemory(memory)}`);
  if (commands !== undefined) {
    const rows = Object.entries(commands).map(([name, rate]) => [name, count(rate)]);
    sections.push("### Local commands\n\n" + table(["Case", "Commands/s"], rows));
  }
  if (start !== undefined) {
    sections.push(
      "### Start\n\n" + table(["Data directory", "Until listening"], [
        ["empty", ms(start.freshMs)],
        ["used before", ms(start.againMs)],
      ]),
    );
  }
  if (remote !== undefined) sections.push(`### Remote commands\n\n${renderRemote(remote)}`);
  if (oneRoom !== undefined) sections.push(`### More nodes, one room\n\n${renderSpread(oneRoom)}`);
  if (manyRooms !== undefined) sections.push(`### More nodes, many rooms\n\n${renderSpread(manyRooms)}`);
  if (bus !== undefined) sections.push(`### Bus bytes for each tick\n\n${renderBus(bus)}`);
  if (takeover !== undefined) sections.push(`### Takeover after a kill\n\n${renderTakeover(takeover)}`);
  if (handOff !== undefined) sections.push(`### Planned hand-off\n\n${renderHandOff(handOff)}`);
  if (accounts !== undefined) sections.push(`### Accounts\n\n${renderAccounts(accounts)}`);
  if (chat !== undefined) sections.push(`### Chat\n\n${renderChat(chat)}`);
  if (reads !== undefined) sections.push(`### Reads\n\n${renderReads(reads)}`);
  if (ai !== undefined) sections.push(`### AI\n\n${renderAi(ai)}`);
  return sections.join("\n\n") + "\n";
}

function renderGoals(result: Result): string {
  return "### Goals\n\n" + table(
    ["Goal", "Wanted", "Measured", "Reached"],
    judge(result).map((
      { name, wanted, measured, reached },
    ) => [name, wanted, measured, reached ? "yes" : "no"]),
  );
}

function renderFanOut(part: FanOutPart): string {
  const { viewers, talkers, rate } = part.load;
  const facts =
    `${count(viewers)} viewers in one room, ${talkers} of them offer ${rate} messages a second. ` +
    medians(part.rounds.length);
  const arrival = table(
    ["Server", "Accepted", "Delivered", "Seen p50", "Seen p99", "Ack p50", "Ack p99", "Ack to seen", "Lost"],
    part.rows.map((row) => [
      row.server,
      percent(row.accepted / row.offered),
      percent(row.deliveredShare),
      ms(row.seenP50),
      ms(row.seenP99),
      ms(row.acceptedP50),
      ms(row.acceptedP99),
      ms(row.afterAcceptedP50),
      count(row.lost),
    ]),
  );
  const cost = table(
    [
      "Server",
      "CPU",
      "Frames/s each",
      "Bytes/frame",
      "Per viewer",
      "Bytes/delivery",
      "Deliveries/CPU s",
      "Frames/CPU s",
    ],
    part.rows.map((row) => [
      row.server,
      percent(row.serverCpu),
      row.framesPerViewerSecond.toFixed(1),
      count(row.bytesPerFrame),
      `${kib(row.bytesPerViewerSecond)}/s`,
      count(row.bytesPerDelivery),
      row.deliveriesPerCpuSecond > 0 ? count(row.deliveriesPerCpuSecond) : "-",
      count(row.framesPerCpuSecond),
    ]),
  );
  const others = part.rows.map(({ server }) => server).filter((server) => server !== "Barrage");
  const ratios = table(
    ["Barrage against", "Deliveries/CPU s", "Frames/CPU s", "Bytes/delivery"],
    others.map((server) => [
      server,
      times(advantage(part, server, (row) => row.deliveriesPerCpuSecond)),
      times(advantage(part, server, (row) => row.framesPerCpuSecond)),
      times(advantage(part, server, (row) => row.bytesPerDelivery)),
    ]),
  );
  return [facts, arrival, cost, ratios].join("\n\n");
}

function renderMemory({ load, rounds, rows }: MemoryPart): string {
  return `Resident memory between ${count(load.base)} and ${
    count(load.base + load.more)
  } viewers who joined and say ` +
    `nothing. ${medians(rounds.length)}\n\n` + table(
      ["Server", "Before", "After", "Per viewer", "Lost"],
      rows.map((row) => [
        row.server,
        `${count(row.baseBytes / 1_048_576)} MiB`,
        `${count(row.fullBytes / 1_048_576)} MiB`,
        kib(row.bytesPerViewer),
        count(row.lost),
      ]),
    );
}
