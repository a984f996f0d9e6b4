import { advantage } from "../parts/fan_out.ts";
import type { Result } from "../result.ts";

export interface Target {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

const FLOOR_SHARE = 0.8;
const MEMORY_OVER_FLOOR = 6 * 1_024;
const COMMANDS_PER_SECOND = 300_000;
const START_MS = 1_500;

/** What the project sets out to reach, and whether this run did. */
export function judge({ frames, memory, commands, start }: Result): Target[] {
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
