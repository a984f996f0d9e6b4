import type { HandOffPart } from "../parts/hand_off.ts";
import { count, ms } from "./format.ts";
import { table } from "./table.ts";

export function renderHandOff(
  { load, loadAverage, gaps, usual, says, failed, timeouts }: HandOffPart,
): string {
  const facts =
    `${load.rounds} rolling deploys of ${load.nodes} nodes with ${load.rooms} rooms: each node is stopped with ` +
    `SIGTERM and started again, so its shards go to the others and some come back. ${count(failed)} calls ` +
    `failed, ${count(timeouts)} were taken for lost. Load average before: ${loadAverage.toFixed(1)}.`;
  const row = (name: string, { count: n, p50, p99, max }: HandOffPart["gaps"]) => [
    name,
    count(n),
    ms(p50),
    ms(p99),
    ms(max),
  ];
  return facts + "\n\n" + table(["From call to answer", "Count", "p50", "p99", "Longest"], [
    row("of a room whose shard moved meanwhile", gaps),
    row("of a room whose shard stayed", usual),
    row("of a message on a socket, a tick included", says),
  ]);
}
