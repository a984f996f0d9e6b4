import type { Message } from "./history.ts";

const SHOWN_MAX = 12;

/** Times are milliseconds on the monotonic clock of the suite. */
export interface Silence {
  readonly room: string;
  readonly since: number;
  readonly until: number;
}

/** The longest time in any room from one ack to the next; the first one counts from `since`. */
export function longestSilence(acks: ReadonlyMap<string, readonly number[]>, since: number): Silence {
  let longest: Silence = { room: "", since, until: since };
  for (const [room, times] of acks) {
    let before = since;
    for (const at of times) {
      if (at < since) continue;
      if (at - before > longest.until - longest.since) longest = { room, since: before, until: at };
      before = at;
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
