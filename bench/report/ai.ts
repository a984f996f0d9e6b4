import type { AiPart } from "../parts/ai.ts";
import { count, medians, ms, percent } from "./format.ts";
import { table } from "./table.ts";

export function renderAi(part: AiPart): string {
  const { date, loadAverage } = part.occasion;
  return [
    `Measured ${date}, load average before: ${loadAverage}.`,
    renderSlots(part),
    renderFirstToken(part),
    renderStreams(part),
    renderTakeovers(part),
  ].join("\n\n");
}

function renderSlots({ terms, slots }: AiPart): string {
  const { keys, limits, tokens, tokenMs, guests, questions, seconds } = terms.slots;
  const facts =
    `${count(guests * questions)} questions at any time for ${keys} keys of ${limits.inFlight} slots ` +
    `and ${limits.startsPerSecond} starts a second each, answers of ${
      (tokens - 1) * tokenMs / 1_000
    } s, over ${seconds} s.`;
  const { used, answersPerSecond, over } = slots;
  return facts + "\n\n" + table(["Slots used", "Answers/s", "Over a limit"], [
    [percent(used), answersPerSecond.toFixed(1), count(over)],
  ]);
}

function renderFirstToken({ terms, firstToken }: AiPart): string {
  const { direct, proxied, node } = firstToken;
  const rows = [["upstream itself", direct], ["bare proxy", proxied], ["Barrage", node]] as const;
  return `${count(terms.firstToken.requests)} streams each way, one at a time, by turns.\n\n` + table(
    ["First token through", "p50", "p99", "Added p50", "Added p99"],
    rows.map(([name, { p50, p99 }]) => [
      name,
      fine(p50),
      fine(p99),
      ...(name === "upstream itself" ? ["-", "-"] : [fine(p50 - direct.p50), fine(p99 - direct.p99)]),
    ]),
  );
}

function renderStreams({ terms, streams }: AiPart): string {
  const { underWay, tokens, tokenMs, seconds } = terms.streams;
  const facts =
    `${count(underWay)} streams at any time, each of ${tokens} tokens ${tokenMs} ms apart, windows of ` +
    `${seconds} s. ${medians(terms.rounds)}`;
  return facts + "\n\n" + table(
    ["Server", "Streams/s", "Streams/CPU s"],
    streams.map(({ server, perSecond, perCpuSecond }) => [server, count(perSecond), count(perCpuSecond)]),
  );
}

function renderTakeovers({ terms, takeovers }: AiPart): string {
  const { nodes, askers, questions, keys, limits } = terms.takeover;
  const facts = `${count(askers)} callers with ${questions} questions each at a model with ${
    keys * limits.inFlight
  } slots, on sockets of the other two of ${nodes} nodes, when the owner of its pool is killed, and with it all calls.`;
  return facts + "\n\n" + table(
    ["Killed", "Waiting", "Next call at the upstream", "Overtaken", "Failed", "Over a limit"],
    takeovers.map(({ killed, waiting, nextCallMs, overtaken, failed, over }) => [
      killed,
      count(waiting),
      ms(nextCallMs),
      count(overtaken),
      count(failed),
      count(over),
    ]),
  );
}

/** Milliseconds where tenths would say too little. */
function fine(value: number): string {
  return `${value.toFixed(2)} ms`;
}
