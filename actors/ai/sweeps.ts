import type { Sweep } from "actors/sweeper.ts";
import type { Storage } from "storage/storage.ts";

const DAY_MS = 86_400_000;

/** What is somebody's who is gone, and what is kept for a while: threads first, for answers stay as long as one of them needs them. */
export function aiSweeps(
  { aiRemovals, threads, answers, aiUsage }: Pick<
    Storage,
    "aiRemovals" | "threads" | "answers" | "aiUsage"
  >,
  { historyDays, usageDays }: { readonly historyDays: number; readonly usageDays: number },
): Sweep[] {
  return [
    { what: "threads and answers of removed accounts", remove: (now, limit) => aiRemovals.sweep(now, limit) },
    { what: "threads", remove: (now, limit) => threads.sweep(now - historyDays * DAY_MS, limit) },
    { what: "answers", remove: (now, limit) => answers.sweep(now - historyDays * DAY_MS, limit) },
    { what: "records of usage", remove: (now, limit) => aiUsage.sweep(now - usageDays * DAY_MS, limit) },
  ];
}
