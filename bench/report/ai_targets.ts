import type { Result } from "../result.ts";
import { count, ms, percent } from "./format.ts";
import type { Target } from "./target.ts";

const SLOTS_USED = 0.95;
const FIRST_TOKEN_P50_MS = 1;
const FIRST_TOKEN_P99_MS = 5;
const STREAMS_PER_SECOND = 500;
const AGAINST_PEER = 3;
const TAKEOVER_MS = 15_000;

export function judgeAi({ ai }: Result): Target[] {
  if (ai === undefined) return [];
  const { slots, firstToken: { direct, node }, streams, takeovers } = ai;
  const [p50, p99] = [node.p50 - direct.p50, node.p99 - direct.p99];
  const [own, , peer] = streams;
  const slowest = Math.max(...takeovers.map(({ nextCallMs }) => nextCallMs));
  const misplaced = takeovers.reduce((sum, { overtaken, failed }) => sum + overtaken + failed, 0);
  const targets: Target[] = [
    {
      name: "Slots of a model used under a backlog, calls over a limit",
      wanted: `>= ${percent(SLOTS_USED)}, 0`,
      measured: `${percent(slots.used)}, ${count(slots.over)}`,
      reached: slots.used >= SLOTS_USED && slots.over === 0,
    },
    {
      name: "Added time to the first token, p50 and p99",
      wanted: `<= ${FIRST_TOKEN_P50_MS} ms, ${FIRST_TOKEN_P99_MS} ms`,
      measured: `${p50.toFixed(2)} ms, ${p99.toFixed(2)} ms`,
      reached: p50 <= FIRST_TOKEN_P50_MS && p99 <= FIRST_TOKEN_P99_MS,
    },
    {
      name: `Streams of ${ai.terms.streams.tokens} tokens a second`,
      wanted: `>= ${count(STREAMS_PER_SECOND)}`,
      measured: count(own!.perSecond),
      reached: own!.perSecond >= STREAMS_PER_SECOND,
    },
  ];
  if (peer !== undefined) {
    const ratio = own!.perCpuSecond / peer.perCpuSecond;
    targets.push({
      name: `Streams per CPU second, against ${peer.server}`,
      wanted: `>= ${AGAINST_PEER} x`,
      measured: `${ratio.toFixed(1)} x`,
      reached: ratio >= AGAINST_PEER,
    });
  }
  targets.push({
    name: "Takeover of a pool after a kill, longest; answers overtaken or failed",
    wanted: `<= ${TAKEOVER_MS / 1_000} s, 0`,
    measured: `${ms(slowest)}, ${count(misplaced)}`,
    reached: slowest <= TAKEOVER_MS && misplaced === 0,
  });
  return targets;
}
