import assert from "node:assert/strict";
import { check } from "./checker.ts";
import type { Entry, History, Message, Outcome, Sending, Sight, SocketHistory } from "./history.ts";

const ROOM = "room";
const ACKED: Outcome = { kind: "acked", at: 0 };

interface Story {
  readonly log?: readonly Entry[];
  readonly messages?: readonly Message[];
  readonly sights?: readonly Sight[];
  readonly socket?: Partial<SocketHistory>;
}

/** By default everything in the log was said once, acked, and seen by one viewer. */
function faultsOf({ log = entries(3), messages, sights, socket = {} }: Story): string[] {
  const history: History = {
    messages: messages ?? log.map(({ text }, n) => said(n + 1, text)),
    viewers: [{ viewer: "viewer", room: ROOM, sights: sights ?? log.map(item) }],
    sockets: [{ client: "client", epochsBack: [], unanswered: [], ...socket }],
    logs: new Map([[ROOM, log]]),
  };
  return check(history).map(({ fault }) => fault);
}

function entry(offset: number, text = `text ${offset}`, count = 1): Entry {
  return { offset, id: `id ${offset}`, text, count };
}

function entries(count: number): Entry[] {
  return Array.from({ length: count }, (_, n) => entry(n + 1));
}

function said(
  place: number,
  text: string,
  outcome = ACKED,
  answers: (string | undefined)[] = ["ok"],
): Message {
  const sendings = answers.map((answer, n): Sending => ({ socket: 0, at: n, answer, answeredAt: n }));
  return { sender: "sender", room: ROOM, place, text, at: 0, sendings, outcome };
}

function item(entry: Entry): Sight {
  return { kind: "item", entry };
}

function missing(count: number | undefined): Sight {
  return { kind: "missing", count };
}

const UNKNOWN: Outcome = { kind: "unknown", reason: "timeout" };

Deno.test("[F1] the checker finds nothing in a history without faults", () => {
  assert.deepEqual(faultsOf({}), []);
  assert.deepEqual(faultsOf({ log: [] }), []);
});

Deno.test("[F1] the checker finds what was acked and lost, and only that", () => {
  const messages = [...entries(3).map(({ text }, n) => said(n + 1, text)), said(4, "gone")];
  assert.deepEqual(faultsOf({ messages }), ["lost"]);
  assert.deepEqual(faultsOf({ messages: [...messages.slice(0, 3), said(4, "gone", UNKNOWN)] }), []);
});

Deno.test("[F1] the checker counts merged messages", () => {
  const log = [entry(1, "cheer", 3)];
  const cheers = (...outcomes: Outcome[]) => outcomes.map((outcome, n) => said(n, "cheer", outcome));
  assert.deepEqual(faultsOf({ log, messages: cheers(ACKED, ACKED, ACKED) }), []);
  assert.deepEqual(faultsOf({ log, messages: cheers(ACKED, ACKED, UNKNOWN) }), []);
  assert.deepEqual(faultsOf({ log, messages: cheers(ACKED, ACKED) }), ["doubled"]);
  assert.deepEqual(faultsOf({ log, messages: cheers(ACKED, ACKED, ACKED, ACKED) }), ["lost"]);
  const refused: Outcome = { kind: "refused", reason: "rate_limited" };
  assert.deepEqual(faultsOf({ log, messages: cheers(ACKED, ACKED, refused) }), ["doubled"]);
});

Deno.test("[F1] the checker finds what was stored twice, and what nobody said", () => {
  const log = [entry(1, "one"), entry(2, "one")];
  assert.deepEqual(faultsOf({ log, messages: [said(1, "one")] }), ["doubled"]);
  assert.deepEqual(faultsOf({ log: entries(1), messages: [] }), ["doubled"]);
  const sameId = [entry(1), { ...entry(2), id: "id 1" }];
  assert.deepEqual(faultsOf({ log: sameId }), ["doubled"]);
});

Deno.test("[F1] the checker finds a hole in the offsets", () => {
  assert.ok(faultsOf({ log: [entry(1), entry(3)] }).includes("hole"));
});

Deno.test("[F1] the checker finds a message that overtook an earlier one, unless that was or may have been refused and was said again", () => {
  const log = [entry(1, "second"), entry(2, "first")];
  const second = said(2, "second");
  assert.deepEqual(faultsOf({ log, messages: [said(1, "first"), second] }), ["overtaken"]);
  const unanswered = said(1, "first", ACKED, [undefined, "ok"]);
  assert.deepEqual(faultsOf({ log, messages: [unanswered, second] }), ["overtaken"]);
  const refused = said(1, "first", ACKED, ["unavailable", "ok"]);
  assert.deepEqual(faultsOf({ log, messages: [refused, second] }), []);
  const sending: Sending = { socket: 0, at: 0, answer: undefined, answeredAt: undefined };
  const late = (at: number) => ({ socket: 1, at: 100, answer: "ok", answeredAt: at });
  const quick = { ...unanswered, sendings: [sending, late(4_999)] };
  assert.deepEqual(faultsOf({ log, messages: [quick, second] }), ["overtaken"]);
  const slow = { ...unanswered, sendings: [sending, late(5_000)] };
  assert.deepEqual(faultsOf({ log, messages: [slow, second] }), []);
});

Deno.test("[F1] the checker finds a viewer who saw another order than the room has", () => {
  const sights = [item(entry(1)), item({ ...entry(2), text: "other" }), item(entry(3))];
  assert.deepEqual(faultsOf({ sights }), ["differs"]);
});

Deno.test("[F1] the checker finds a viewer who saw something twice", () => {
  const [first, second, third] = entries(3).map(item) as [Sight, Sight, Sight];
  assert.deepEqual(faultsOf({ sights: [first, second, second, third] }), ["doubled"]);
});

Deno.test("[F1] the checker finds a viewer who missed something and was not told how much", () => {
  const [first, , third] = entries(3).map(item) as [Sight, Sight, Sight];
  assert.deepEqual(faultsOf({ sights: [first, third] }), ["not_told"]);
  assert.deepEqual(faultsOf({ sights: [first, missing(2), third] }), ["not_told"]);
  assert.deepEqual(faultsOf({ sights: [first, missing(1), third] }), []);
  assert.deepEqual(faultsOf({ sights: [first, missing(undefined), third] }), []);
});

Deno.test("[F1] the checker finds a viewer who stays behind", () => {
  const [first, second] = entries(2).map(item) as [Sight, Sight];
  assert.deepEqual(faultsOf({ sights: [first, second] }), ["behind"]);
  assert.deepEqual(faultsOf({ sights: [first, second, missing(1)] }), []);
});

Deno.test("[F1] the checker passes on what the wire showed", () => {
  const socket = {
    epochsBack: [{ room: ROOM, from: 2, to: 1 }],
    unanswered: [{ method: "room.say", ms: 20_000 }],
  };
  assert.deepEqual(faultsOf({ socket }), ["epoch_back", "unanswered"]);
});
