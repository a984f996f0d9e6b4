import type { Sweep } from "actors/sweeper.ts";
import type { Storage } from "storage/storage.ts";

const DAY_MS = 86_400_000;

/** What is kept for a while: threads first, for answers stay as long as one of them needs them. */
export function aiSweeps(
  { threads, answers, aiUsage }: Pick<Storage, "threads" | "answers" | "aiUsage">,
  { historyDays, usageDays }: { readonly historyDays: number; readonly usageDays: number },
): Sweep[] {
  return [
    { what: "threads", remove: (now, limit) => threads.sweep(now - historyDays * DAY_MS, limit) },
    { what: "answers", remove: (now, limit) => answers.sweep(now - historyDays * DAY_MS, limit) },
    { what: "records of usage", remove: (now, limit) => aiUsage.sweep(now - usageDays * DAY_MS, limit) },
  ];
}
