import type { Delivered } from "../measures/chat_delivery.ts";
import type { ChatPart } from "../parts/chat.ts";
import { count, medians, ms, percent } from "./format.ts";
import { table } from "./table.ts";

const DATABASES = { sqlite: "SQLite", postgres: "PostgreSQL" } as const;

export function renderChat(part: ChatPart): string {
  const { occasion } = part;
  const facts = `Measured ${occasion.date}, load average before: ${occasion.loadAverage}.`;
  return [facts, renderSends(part), renderTimes(part)].join("\n\n");
}

function renderSends({ terms, rounds, sends }: ChatPart): string {
  const { seconds, conversations, underWay } = terms.sends;
  const facts =
    `Messages of 100 bytes to ${count(conversations)} groups on one node, ${count(underWay)} under way, ` +
    `windows of ${seconds} s. ${medians(rounds)}`;
  const rates = table(
    ["Database", "Acked/s", "Messages/transaction", "Bare rows/s", "Acked/bare"],
    sends.map(({ database, row, share }) => [
      DATABASES[database],
      count(row.acked),
      count(row.batch),
      count(row.bare),
      percent(share),
    ]),
  );
  const acks = table(
    ["To the ack, when so many are offered a second", "Messages/s", "p50", "p99"],
    sends.flatMap(({ database, row }) =>
      [row.given, row.half].map(({ rate, p50, p99 }) => [DATABASES[database], count(rate), ms(p50), ms(p99)])
    ),
  );
  return [facts, rates, acks].join("\n\n");
}

function renderTimes({ terms, delivery, group, sync }: ChatPart): string {
  const { pairs, rate, seconds } = terms.delivery;
  const { members, online, everyMs } = terms.group;
  const { people, conversations, messages, restarts } = terms.sync;
  const facts =
    `Over WebSockets. ${count(pairs)} pairs on ${terms.nodes} nodes send ${count(rate)} messages ` +
    `a second for ${seconds} s, half of them to the other's socket on the same node. Of ${count(members)} ` +
    `members of a group ${count(online)} are online, on all nodes, and one of them sends a message every ` +
    `${everyMs} ms. ${people} people, one after the other, come back to an embedded node and have missed ` +
    `${
      count(messages)
    } messages in ${conversations} conversations each: while those are in memory, and after ` +
    `each of ${restarts} restarts.`;
  const row = (name: string, { count: n, p50, p99, max }: Delivered) => [
    name,
    count(n),
    ms(p50),
    ms(p99),
    ms(max),
  ];
  return facts + "\n\n" + table(["From", "Count", "p50", "p99", "Longest"], [
    row("sending to the ack", delivery.acked),
    row("sending to receiving, same node", delivery.sameNode),
    row("sending to receiving, other node", delivery.otherNode),
    row("sending to a group to each one's receiving", group.each),
    row("sending to a group to the last one's receiving", group.all),
    row("sync to its answer, in memory", sync.warm),
    row("sync to its answer, the first after a restart", sync.first),
    row("sync to its answer, the others after a restart", sync.cold),
  ]);
}
