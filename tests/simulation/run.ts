import { checkChat } from "tests/faults/chat/checker.ts";
import { ChatWorld } from "./chat_world.ts";
import { violationsOf } from "./check.ts";
import { runPool } from "./pool/run.ts";
import type { RunResult } from "./run_result.ts";
import { scheduleOf } from "./schedule.ts";
import { World, type WorldOptions } from "./world.ts";

/** What runs on the simulated nodes: ledgers that show how turns and commits went, conversations, or a pool. */
export const KINDS = ["ledger", "chat", "pool"] as const;
export type Kind = typeof KINDS[number];

export function runSeed(
  seed: number,
  { kind = "ledger", ...options }: WorldOptions & { readonly kind?: Kind } = {},
): Promise<RunResult> {
  switch (kind) {
    case "ledger":
      return runLedgers(seed, options);
    case "chat":
      return runChat(seed, options);
    case "pool":
      return runPool(seed);
  }
}

async function runLedgers(seed: number, options: WorldOptions): Promise<RunResult> {
  await using world = await World.open(scheduleOf(seed), options);
  await world.run();
  const violations = await violationsOf(world);
  const answers = countOf(world.sent.map(({ state }) => state));
  const states = [...world.sent, ...world.armed].map(({ state }) => state).join();
  const commits = world.commits.map(({ key, epoch, process }) => `${process.name}/${key}/${epoch}`).join();
  return { seed, violations, answers, fingerprint: fingerprintOf(world, states, commits) };
}

async function runChat(seed: number, options: WorldOptions): Promise<RunResult> {
  await using world = await ChatWorld.open(scheduleOf(seed), options);
  await world.run();
  const story = await world.tell();
  const violations = checkChat(story).map(({ fault, detail }) => `${fault}: ${detail}`);
  const answers = countOf(world.answers.map((answer) => answer === "ok" ? "acked" : answer));
  const rows = [...story.conversations].map(([id, { messages }]) => `${id} ${messages.length}`).join();
  const fingerprint = fingerprintOf(world, world.answers.join(), rows);
  return { seed, violations: [...world.stuck, ...violations], answers, fingerprint };
}

function countOf(states: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function fingerprintOf({ timeline, network }: World | ChatWorld, ...told: string[]): string {
  const { routed, lost, nobody } = network.counts;
  return [timeline.events, routed, lost, nobody, ...told].join("|");
}
