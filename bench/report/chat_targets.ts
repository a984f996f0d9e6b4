import type { Result } from "../result.ts";
import { count, ms, percent } from "./format.ts";
import type { Target } from "./target.ts";

const BARE_SHARE = 0.5;
const ACKED_PER_SECOND = 10_000;
const ACK_P50_MS = 15;
const ACK_P99_MS = 60;
const SAME_NODE_MS = 80;
const OTHER_NODE_MS = 100;
const GROUP_MS = 300;
const SYNC_MS = 50;

const DATABASES = { sqlite: "SQLite", postgres: "PostgreSQL" } as const;

export function judgeChat({ chat }: Result): Target[] {
  if (chat === undefined) return [];
  const { terms, sends, delivery, group, sync } = chat;
  const targets: Target[] = [];
  for (const { database, row, share } of sends) {
    const name = DATABASES[database];
    targets.push({
      name: `Durable messages a second, ${name}`,
      wanted: `>= ${percent(BARE_SHARE)} of bare inserts`,
      measured: percent(share),
      reached: share >= BARE_SHARE,
    });
    if (database === "sqlite") {
      targets.push({
        name: `Durable messages a second in ${count(terms.sends.conversations)} conversations, ${name}`,
        wanted: `>= ${count(ACKED_PER_SECOND)}`,
        measured: count(row.acked),
        reached: row.acked >= ACKED_PER_SECOND,
      });
    }
    const { rate, p50, p99 } = row.given;
    targets.push({
      name: `Ack of a message at ${count(rate)} a second, ${name}, p50 and p99`,
      wanted: `<= ${ACK_P50_MS} ms, ${ACK_P99_MS} ms`,
      measured: `${ms(p50)}, ${ms(p99)}`,
      reached: p50 <= ACK_P50_MS && p99 <= ACK_P99_MS,
    });
  }
  const within = (name: string, most: number, { p99 }: { readonly p99: number }): Target => ({
    name: `${name}, p99`,
    wanted: `<= ${most} ms`,
    measured: ms(p99),
    reached: p99 <= most,
  });
  const { messages, conversations } = terms.sync;
  const missed = `Sync of ${count(messages)} missed messages in ${conversations} conversations`;
  return [
    ...targets,
    within("Sent to received, same node", SAME_NODE_MS, delivery.sameNode),
    within("Sent to received, other node", OTHER_NODE_MS, delivery.otherNode),
    within(`A group of ${count(terms.group.members)}: sent to received by all online`, GROUP_MS, group.all),
    within(missed, SYNC_MS, sync.warm),
    within(`${missed}, after a restart`, SYNC_MS, {
      p99: Math.max(sync.first.p99, sync.cold.p99),
    }),
  ];
}
