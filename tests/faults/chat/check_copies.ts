import type { Message } from "protocol/chat.ts";
import { contentOf } from "./check_sights.ts";
import type { Stay, Stays } from "./stays.ts";
import type { ChatViolation, Copy, DeviceStory, Stored } from "./story.ts";

const NOTHING: Copy = { state: "gone", messages: [] };

/** What a device has kept of one conversation in the end, against the rows. */
export function* checkCopy(
  { device, user, fresh, copies, behind, sights }: DeviceStory,
  conversation: string,
  { messages: rows }: Stored,
  stays: Stays,
): Generator<ChatViolation> {
  const what = `${device}'s copy of ${conversation}`;
  if (behind.includes(conversation)) yield { fault: "behind", detail: `${what} stayed behind` };
  const copy = copies.get(conversation) ?? NOTHING;
  const stay = stays.open(user);
  const rowsOf = (from: number, to: number) => rows.slice(from - 1, to).map(({ message }) => message);
  if (stay !== undefined) {
    if (copy.state !== "member") yield { fault: "missing", detail: `${what} says ${copy.state}` };
    const shown = fresh ? copy.messages : copy.messages.filter(({ seq }) => seq >= stay.visibleFrom);
    yield* compare(what, shown, rowsOf(stay.visibleFrom, rows.length));
    return;
  }
  if (copy.state === "member") yield { fault: "missing", detail: `${what} does not know that he has gone` };
  const last = stays.of(user).at(-1);
  // Who is on the way in again is told of that alone.
  const again = sights.some((sight) =>
    sight.kind === "synced" &&
    sight.deltas.some(({ state, conversation: { id }, version }) =>
      id === conversation && (state === "invited" || state === "asked") && version > (last?.version ?? 0)
    )
  );
  if (last !== undefined && !again) yield* untilHeWent(what, copy, rowsOf(last.visibleFrom, last.to), last);
}

/** Whoever has seen anything of his last stay sees it to its end; what was said otherwise later is none of his. */
function* untilHeWent(
  what: string,
  { messages }: Copy,
  rows: readonly Message[],
  { from, to, version }: Stay,
): Generator<ChatViolation> {
  const seen = messages.filter(({ seq }) => seq >= from && seq <= to);
  const first = seen[0]?.seq;
  if (first === undefined) return;
  const known = new Map(seen.map((message) => [message.seq, message]));
  for (const row of rows) {
    if (row.seq < first || row.version > version) continue;
    const mine = known.get(row.seq);
    if (mine !== undefined && contentOf(mine) === contentOf(row)) continue;
    const has = mine === undefined ? "nothing" : `version ${mine.version}`;
    yield { fault: "missing", detail: `${what} has ${has} for message ${row.seq}, said before he went` };
    return;
  }
}

function* compare(
  what: string,
  copy: readonly Message[],
  rows: readonly Message[],
): Generator<ChatViolation> {
  for (let n = 0; n < Math.max(copy.length, rows.length); n++) {
    const [mine, row] = [copy[n], rows[n]];
    if (mine !== undefined && row !== undefined && contentOf(mine) === contentOf(row)) continue;
    const told = (message: Message | undefined) =>
      message === undefined ? "nothing" : `message ${message.seq} at version ${message.version}`;
    yield { fault: "missing", detail: `${what} has ${told(mine)} where the rows have ${told(row)}` };
    return;
  }
}
