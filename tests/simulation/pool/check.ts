import { jain } from "actors/ai/pool/meter.ts";
import type { ModelAnswer } from "./model_answer.ts";
import type { PoolSchedule } from "./schedule.ts";
import type { PoolWorld } from "./world.ts";

const FAIR = 0.95;
const FULL = 0.95;
/** An answer that is told late learns of its own end late. */
const LATE_MS = 5_000;

/** What a run has done that must not be; empty when all is well. */
export function poolViolationsOf(world: PoolWorld, schedule: PoolSchedule): string[] {
  const wrong = [...world.upstream.over, ...world.problems, ...leaks(world), ...ends(world)];
  if (schedule.backlog) wrong.push(...backlog(world));
  return wrong;
}

function leaks({ rows, last, upstream }: PoolWorld): string[] {
  const wrong: string[] = [];
  if (rows.leases.size > 0) wrong.push(`${rows.leases.size} leases are left in the store`);
  if (upstream.inFlight > 0) wrong.push(`${upstream.inFlight} calls never ended`);
  if (last === undefined) return wrong;
  if (last.leased > 0) wrong.push(`${last.leased} leases are left in memory`);
  if (last.waiting > 0) wrong.push(`${last.waiting} still wait`);
  for (const { credential, inFlight } of last.uses) {
    if (inFlight !== 0) wrong.push(`${inFlight} slots of ${credential} are lent to nobody`);
  }
  return wrong;
}

function ends({ answers }: PoolWorld): string[] {
  return answers.flatMap(({ over, state, ticket, history }) =>
    over
      ? []
      : [`${ticket.answer} is still ${state} after ${ticket.attempt} attempts (${history.join(", ")})`]
  );
}

/** Nothing broke, so nobody may have been refused, overtaken or kept waiting beside a free slot. */
function backlog({ answers, marks, meters }: PoolWorld): string[] {
  const wrong: string[] = [];
  for (const { state, ticket, attempts } of answers) {
    if (state !== "done" || attempts !== 1) {
      wrong.push(`${ticket.answer} is ${state} after ${attempts} calls`);
    }
  }
  wrong.push(...overtaken(answers));
  const [first, last] = [marks[0], marks.at(-1)];
  if (first !== undefined && last !== undefined && last.slotMs - first.slotMs > 10_000) {
    const used = (last.busySlotMs - first.busySlotMs) / (last.slotMs - first.slotMs);
    if (used < FULL) wrong.push(`only ${(used * 100).toFixed(1)} % of the slots were used`);
  }
  const shares = sharesOf(answers);
  const fairness = jain([...shares.values()]) ?? 1;
  if (fairness < FAIR) wrong.push(`fairness is ${fairness.toFixed(3)}: ${[...shares.values()].join(", ")}`);
  if (meters.counts.leases_lapsed > 0) wrong.push(`${meters.counts.leases_lapsed} leases lapsed`);
  return wrong;
}

/**
 * What each user got while all of them had something waiting, in the order in which it was decided: who asks alone gets
 * all there is, and who has nothing more waiting gets nothing.
 */
function sharesOf(answers: readonly ModelAnswer[]): Map<string, number> {
  const all = Math.max(...answers.map(({ queuedAt }) => queuedAt ?? Infinity));
  const left = new Map<string, number>();
  for (const { ticket: { user } } of answers) left.set(user, (left.get(user) ?? 0) + 1);
  const shares = new Map([...left.keys()].map((user) => [user, 0]));
  // The ids of leases grow as they are made.
  const granted = [...answers].sort((a, b) => (a.lease?.lease ?? "") < (b.lease?.lease ?? "") ? -1 : 1);
  for (const { ticket: { user }, grantedAt = Infinity } of granted) {
    if (grantedAt > all) shares.set(user, shares.get(user)! + 1);
    left.set(user, left.get(user)! - 1);
    if (left.get(user) === 0) break;
  }
  return shares;
}

function overtaken(answers: readonly ModelAnswer[]): string[] {
  const wrong: string[] = [];
  for (const older of answers) {
    for (const younger of answers) {
      if (older.ticket.user !== younger.ticket.user || older.ticket.answer >= younger.ticket.answer) continue;
      // The grant of the younger one was decided after the older one was known to wait, even on the slowest way.
      const knownAt = (older.queuedAt ?? Infinity) + LATE_MS;
      if (
        knownAt < (younger.grantedAt ?? 0) && (older.grantedAt ?? Infinity) > (younger.grantedAt ?? 0) + 200
      ) {
        wrong.push(`${younger.ticket.answer} overtook ${older.ticket.answer}`);
      }
    }
  }
  return wrong;
}
