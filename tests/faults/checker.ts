import type { Entry, History, Message, SocketHistory, ViewerHistory } from "./history.ts";

export type Fault =
  | "lost"
  | "doubled"
  | "hole"
  | "overtaken"
  | "differs"
  | "not_told"
  | "behind"
  | "epoch_back"
  | "unanswered";

export interface Violation {
  readonly fault: Fault;
  /** What was seen, for a person. */
  readonly detail: string;
}

/** A command that waited this long for its actor is not run any more (CALL_TIMEOUT_MS). */
const CALL_MS = 5_000;

/** Finds whatever the histories say that a cluster must not do, whatever happens to its parts. */
export function check(history: History): Violation[] {
  const { messages, viewers, sockets, logs } = history;
  const found: Violation[] = [];
  for (const [room, log] of logs) {
    const said = messages.filter((message) => message.room === room);
    found.push(...holes(room, log), ...amounts(room, log, said), ...overtakings(room, log, said));
    for (const viewer of viewers) if (viewer.room === room) found.push(...views(viewer, log));
  }
  found.push(...sameIds(logs));
  for (const socket of sockets) found.push(...wire(socket));
  return found;
}

/** Offsets go 1, 2, 3, ... */
function* holes(room: string, log: readonly Entry[]): Generator<Violation> {
  for (const [index, { offset }] of log.entries()) {
    if (offset !== index + 1) {
      yield { fault: "hole", detail: `room ${room}: offset ${offset} stands at place ${index + 1}` };
      return;
    }
  }
}

/** Whatever the clocks of the nodes say, no two items have one id. */
function* sameIds(logs: History["logs"]): Generator<Violation> {
  const at = new Map<string, string>();
  for (const [room, log] of logs) {
    for (const { id, offset } of log) {
      const place = `offset ${offset} of room ${room}`;
      const other = at.get(id);
      if (other !== undefined) yield { fault: "doubled", detail: `${other} and ${place} have the id ${id}` };
      at.set(id, place);
    }
  }
}

/** Equal texts may be merged, so it is counts that are compared: all that was acked, and nothing nobody said. */
function* amounts(room: string, log: readonly Entry[], said: readonly Message[]): Generator<Violation> {
  const kept = new Map<string, number>();
  for (const { text, count } of log) kept.set(text, (kept.get(text) ?? 0) + count);
  const byText = Map.groupBy(said, ({ text }) => text);
  for (const [text, messages] of byText) {
    const count = kept.get(text) ?? 0;
    const acked = messages.filter(({ outcome }) => outcome.kind === "acked").length;
    const refused = messages.filter(({ outcome }) => outcome.kind === "refused").length;
    const most = messages.length - refused;
    if (count >= acked && count <= most) continue;
    const places = log.filter((entry) => entry.text === text).map(({ offset }) => offset);
    const facts =
      `room ${room}: "${text}" was acked ${acked} times, said at most ${most}, kept ${count} at ` +
      `${places}; ${messages.map(travel).join("; ")}`;
    yield { fault: count < acked ? "lost" : "doubled", detail: facts };
  }
  for (const text of kept.keys()) {
    if (!byText.has(text)) yield { fault: "doubled", detail: `room ${room}: nobody said "${text}"` };
  }
}

/**
 * Messages of one sender stand in the order in which they were sent. One that was answered with an error and said
 * again has lost its place; so has one whose error was lost with its socket, which nobody can tell from one that was
 * sent so long before its ack.
 */
function* overtakings(room: string, log: readonly Entry[], said: readonly Message[]): Generator<Violation> {
  const offsets = new Map(log.map(({ text, offset }) => [text, offset]));
  const texts = Map.groupBy(said, ({ text }) => text);
  const own = said.filter(({ text }) => texts.get(text)?.length === 1);
  for (const [sender, messages] of Map.groupBy(own, (message) => message.sender)) {
    let before: { message: Message; offset: number } | undefined;
    for (const message of messages.filter(keepsPlace).toSorted((a, b) => a.place - b.place)) {
      const offset = offsets.get(message.text);
      if (offset === undefined) continue;
      if (before === undefined || offset > before.offset) {
        before = { message, offset };
        continue;
      }
      const detail = `room ${room}: ${sender}'s ${travel(message)} is at ${offset}, ` +
        `${travel(before.message)} at ${before.offset}`;
      yield { fault: "overtaken", detail };
    }
  }
}

function keepsPlace({ sendings }: Message): boolean {
  const ackedAt = sendings.at(-1)?.answeredAt ?? Infinity;
  return sendings.every(({ at, answer }, n) =>
    answer === "ok" || (answer === undefined && (n === sendings.length - 1 || ackedAt - at < CALL_MS))
  );
}

function travel({ place, sendings }: Message): string {
  const ways = sendings.map(({ socket, at, answer, answeredAt }) =>
    `socket ${socket} ${Math.round(at)}-${Math.round(answeredAt ?? NaN)} ${answer}`
  );
  return `message ${place} (${ways.join(", ")})`;
}

/** A viewer sees the log, from its beginning to its end, each entry once; or is told exactly what is missing. */
function* views({ viewer, room, sights }: ViewerHistory, log: readonly Entry[]): Generator<Violation> {
  const who = `${viewer} in room ${room}`;
  let at = 0;
  let told: number | undefined = 0;
  const skip = (to: number): Violation | undefined => {
    const missing = log.slice(at, to).reduce((sum, { count }) => sum + count, 0);
    const wrong = told !== undefined && told !== missing;
    const detail = `${who} missed ${missing} from ${at + 1} to ${to} and was told of ${told}`;
    told = 0;
    return wrong ? { fault: "not_told", detail } : undefined;
  };
  for (const sight of sights) {
    if (sight.kind === "missing") {
      told = sight.count === undefined || told === undefined ? undefined : told + sight.count;
      continue;
    }
    const { entry } = sight;
    if (entry.offset <= at) {
      yield { fault: "doubled", detail: `${who} saw offset ${entry.offset} after ${at}` };
      continue;
    }
    const violation = skip(entry.offset - 1);
    if (violation !== undefined) yield violation;
    at = entry.offset;
    const kept = log[at - 1];
    if (kept?.id !== entry.id || kept.text !== entry.text || kept.count !== entry.count) {
      yield { fault: "differs", detail: `${who} saw ${tell(entry)} where the room has ${tell(kept)}` };
    }
  }
  if (at >= log.length) return;
  const violation = skip(log.length);
  if (violation !== undefined) yield { ...violation, fault: "behind" };
}

function* wire({ client, epochsBack, unanswered }: SocketHistory): Generator<Violation> {
  for (const { room, from, to } of epochsBack) {
    yield { fault: "epoch_back", detail: `${client} in room ${room}: epoch ${to} came after ${from}` };
  }
  for (const { method, ms } of unanswered) {
    yield { fault: "unanswered", detail: `${client} waited ${Math.round(ms)} ms for ${method}` };
  }
}

function tell(entry: Entry | undefined): string {
  return entry === undefined ? "nothing" : `${entry.offset} "${entry.text}" x${entry.count} (${entry.id})`;
}
