import type { Message } from "./history.ts";

const SHOWN_MAX = 12;

/** Times are milliseconds on the monotonic clock of the suite. */
export interface Silence {
  readonly room: string;
  readonly since: number;
  readonly until: number;
}

/** The longest time in any room, from `begin` on, in which somebody waited for an ack and none came. */
export function longestSilence(messages: readonly Message[], begin: number): Silence {
  let longest: Silence = { room: "", since: begin, until: begin };
  for (const [room, said] of Map.groupBy(messages, (message) => message.room)) {
    const waits = said.flatMap(({ at, outcome }) =>
      outcome.kind === "acked" ? [{ at, until: outcome.at }] : []
    )
      .sort((a, b) => b.until - a.until);
    // From the last ack back to the first: by then `waiting` is the first of those that were acked later.
    let waiting = Infinity;
    for (const [n, { at, until }] of waits.entries()) {
      waiting = Math.min(waiting, at);
      const since = Math.max(begin, waiting, waits[n + 1]?.until ?? -Infinity);
      if (until - since > longest.until - longest.since) longest = { room, since, until };
    }
  }
  return longest;
}

/** The longest time that passed between a call and its ack, among those that needed no second sending. */
export function slowestAnswer(messages: readonly Message[], since: number): number {
  let slowest = 0;
  for (const { sendings: [sending, ...more] } of messages) {
    if (sending === undefined || more.length > 0 || sending.at < since || sending.answer !== "ok") continue;
    slowest = Math.max(slowest, (sending.answeredAt ?? sending.at) - sending.at);
  }
  return slowest;
}

/** What was on its way meanwhile, for a person who wants to know why nothing was acked. */
export function waitingIn({ room, since, until }: Silence, messages: readonly Message[]): string[] {
  const lines = [`silence in room ${room} from ${Math.round(since)} to ${Math.round(until)}`];
  for (const message of messages) {
    if (message.room !== room) continue;
    for (const { socket, at, answer, answeredAt } of message.sendings) {
      if (at > until || (answeredAt ?? Infinity) < since) continue;
      const answered = answeredAt === undefined ? "no answer" : `${answer} at ${Math.round(answeredAt)}`;
      lines.push(
        `${message.sender} ${message.place}, socket ${socket}, sent at ${Math.round(at)}: ${answered}`,
      );
    }
  }
  return lines.slice(0, SHOWN_MAX);
}
