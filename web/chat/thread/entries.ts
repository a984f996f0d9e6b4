import type { ShownMessage } from "client/mod.ts";
import { sameDay } from "../times.ts";

/** What stands in the column of messages. */
export type Entry =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string }
  | { readonly kind: "change"; readonly key: string; readonly shown: Stored }
  | {
    readonly kind: "bubble";
    readonly key: string;
    readonly shown: ShownMessage;
    /** The first and the last of what one person says at a stretch. */
    readonly first: boolean;
    readonly last: boolean;
  };

export type Stored = Extract<ShownMessage, { shown: "stored" }>;

/** Longer ago than this, one begins anew. */
const STRETCH_MS = 5 * 60_000;

/**
 * The messages with days between them, a line before the first unread one, and stretches of what one person says.
 * @param unreadFrom The `seq` before which the line stands.
 */
export function entriesOf(messages: readonly ShownMessage[], unreadFrom?: number): readonly Entry[] {
  const entries: Entry[] = [];
  let before: ShownMessage | undefined;
  let marked = false;
  for (const [index, shown] of messages.entries()) {
    const at = timeOf(shown);
    const newDay = before === undefined || !sameDay(timeOf(before), at);
    if (newDay) entries.push({ kind: "day", key: `day ${new Date(at).toDateString()}`, at });
    const unread = !marked && unreadFrom !== undefined && isFrom(shown, unreadFrom);
    if (unread) {
      entries.push({ kind: "unread", key: "unread" });
      marked = true;
    }
    if (isChange(shown)) {
      entries.push({ kind: "change", key: shown.key, shown });
    } else {
      const next = messages[index + 1];
      const first = newDay || unread || before === undefined || !goesOn(before, shown);
      const nextUnread = !marked && unreadFrom !== undefined && next !== undefined &&
        isFrom(next, unreadFrom);
      const last = next === undefined || nextUnread || !goesOn(shown, next) ||
        !sameDay(at, timeOf(next));
      entries.push({ kind: "bubble", key: shown.key, shown, first, last });
    }
    before = shown;
  }
  return entries;
}

export function timeOf(shown: ShownMessage): number {
  if (shown.shown === "stored") return shown.message.at;
  const { state, writtenAt } = shown.outgoing;
  return state.status === "sent" ? state.at : writtenAt;
}

function isChange(shown: ShownMessage): shown is Stored {
  return shown.shown === "stored" && shown.message.kind === "change";
}

function isFrom(shown: ShownMessage, seq: number): boolean {
  return shown.shown === "stored" && !shown.own && shown.message.seq >= seq;
}

function goesOn(a: ShownMessage, b: ShownMessage): boolean {
  return !isChange(a) && !isChange(b) && a.own === b.own && speakerOf(a) === speakerOf(b) &&
    Math.abs(timeOf(b) - timeOf(a)) < STRETCH_MS;
}

function speakerOf(shown: ShownMessage): string {
  return shown.shown === "stored" && !shown.own ? shown.message.sender.id : "";
}
