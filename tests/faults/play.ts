import { Chance } from "tests/support/fuzz_frames.ts";
import { AI_ENV, AiCrowd } from "./ai/ai_crowd.ts";
import { CHAT_ENV, ChatCrowd } from "./chat/chat_crowd.ts";
import type { Company, Finding } from "./company.ts";
import { Crowd } from "./crowd.ts";
import type { ServerEnv } from "tests/support/server.ts";
import { longestSilence, slowestAnswer, waitingIn } from "./silence.ts";
import type { CompanyKind, Scenario } from "./scenario.ts";
import type { Tempo } from "./tempo.ts";
import { World, type WorldOptions } from "./world.ts";

const NODES = 3;
const CROWD = { rooms: 6, senders: 4, viewers: 2 };

export interface Score {
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly seconds: number;
  /** The longest time in any room in which somebody waited for an ack and none came, in milliseconds. */
  readonly silenceMs: number;
  /** The longest time an answer took on a socket that lived on, in milliseconds. */
  readonly slowestMs: number;
  /** Calls that failed towards the application, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** Bounds of the scenario that were broken. */
  readonly complaints: readonly string[];
  /** For a person who wants to know why. */
  readonly details: readonly string[];
}

export interface Verdict {
  readonly seed: number;
  readonly scores: readonly Score[];
  readonly said: number;
  readonly acked: number;
  /** Sendings beyond the first of each message. */
  readonly retries: number;
  /** Items shown to all viewers together. */
  readonly seen: number;
  readonly violations: readonly Finding[];
}

export interface PlayOptions {
  readonly scenarios: readonly Scenario[];
  readonly tempo: Tempo;
  readonly seed: number;
  readonly world?: Pick<WorldOptions, "natsServers" | "skewMs">;
  /** @default {"rooms"} */
  readonly company?: CompanyKind;
  /** Told as it goes. */
  readonly tell: (line: string) => void;
}

/** Plays scenarios one after the other on one cluster with one crowd, then checks all that its people saw. */
export async function play(
  { scenarios, tempo, seed, world: options, company = "rooms", tell }: PlayOptions,
): Promise<Verdict> {
  const { leaseTtlMs, leaseRenewMs, settleMs } = tempo;
  const times = { LEASE_TTL_MS: leaseTtlMs, LEASE_RENEW_MS: leaseRenewMs, SETTLE_MS: settleMs };
  const env = { ...times, ...envOf(company, tempo) };
  await using world = await World.start({ nodes: NODES, env, ...options });
  await world.untilShared();
  await using crowd = await gather(company, world, tempo, seed);
  await crowd.untilAcked();
  const chance = new Chance(seed);
  const scores: Score[] = [];
  for (const scenario of scenarios) {
    const calmMs = Math.max(0, ...scores.map(({ scenario: { calm }, silenceMs }) => calm ? silenceMs : 0));
    const score = await perform(scenario, world, crowd, chance, tempo, calmMs);
    tell(
      `${scenario.name}: ${score.rounds} rounds in ${score.seconds.toFixed(0)} s, ` +
        `longest silence ${Math.round(score.silenceMs)} ms, slowest answer ${Math.round(score.slowestMs)} ms`,
    );
    scores.push(score);
  }
  const violations = await crowd.judge();
  const { messages } = crowd;
  tell(crowd.summary);
  return {
    seed,
    scores,
    said: messages.length,
    acked: messages.filter(({ outcome }) => outcome.kind === "acked").length,
    retries: messages.reduce((sum, { sendings }) => sum + Math.max(0, sendings.length - 1), 0),
    seen: crowd.seen,
    violations,
  };
}

/** What the people of a company need of the nodes. */
function envOf(company: CompanyKind, tempo: Tempo): ServerEnv {
  switch (company) {
    case "rooms":
      return {};
    case "chat":
      return CHAT_ENV;
    case "ai":
      return { ...AI_ENV, AI_LEASE_TERM_SECONDS: tempo.slotTermSeconds };
  }
}

async function gather(company: CompanyKind, world: World, tempo: Tempo, seed: number): Promise<Company> {
  const { url, databaseUrl } = world;
  switch (company) {
    case "rooms":
      return await Crowd.gather({ url, ...CROWD });
    case "chat":
      return await ChatCrowd.gather({ url, databaseUrl, users: tempo.chatUsers, seed });
    case "ai":
      return await AiCrowd.gather({ url, databaseUrl, key: await world.operatorKey(), seed });
  }
}

async function perform(
  scenario: Scenario,
  world: World,
  crowd: Company,
  chance: Chance,
  tempo: Tempo,
  calmMs: number,
): Promise<Score> {
  const notes: string[] = [];
  const complaints: string[] = [];
  const details: string[] = [];
  const rounds = Math.max(1, Math.round(scenario.rounds * tempo.share));
  const failedBefore = new Map(crowd.failures);
  const since = performance.now();
  try {
    await scenario.run({
      world,
      crowd,
      chance,
      tempo,
      rounds,
      complain: (sentence) => complaints.push(sentence),
      note: (sentence) => notes.push(sentence),
    });
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
  }
  await world.heal();
  await crowd.untilAcked();
  const silence = longestSilence(crowd.steady, since);
  const silenceMs = silence.until - silence.since;
  const silenceMaxMs = scenario.silenceMaxMs(tempo, calmMs);
  if (silenceMs > silenceMaxMs) {
    complaints.push(
      `No ack for ${Math.round(silenceMs)} ms, at most ${Math.round(silenceMaxMs)} are allowed`,
    );
    details.push(...waitingIn(silence, crowd.steady));
  }
  const failures: Record<string, number> = {};
  for (const [reason, count] of crowd.failures) {
    const more = count - (failedBefore.get(reason) ?? 0);
    if (more > 0) failures[reason] = more;
  }
  if (scenario.mayFail === false && Object.keys(failures).length > 0) {
    complaints.push(`Calls failed: ${JSON.stringify(failures)}`);
  }
  const refused = crowd.steady.filter(({ at, outcome }) =>
    at >= since && (outcome.kind === "refused" || outcome.kind === "unknown")
  );
  // Those who post over HTTP try once.
  if (scenario.mayFail === false && refused.length > 0) {
    complaints.push(`${refused.length} messages were not acked, as ${JSON.stringify(refused[0])}`);
  }
  const seconds = (performance.now() - since) / 1_000;
  const slowestMs = slowestAnswer(crowd.steady, since);
  return { scenario, rounds, seconds, silenceMs, slowestMs, failures, notes, complaints, details };
}
