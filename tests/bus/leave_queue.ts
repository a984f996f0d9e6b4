import { deepEqual, ok } from "node:assert/strict";
import { type Bus, type BusMessage, NoResponders } from "actors/bus/bus.ts";
import { bytes, Collector, deadline, text } from "./collector.ts";

const HALF = 1_500;
const STAY = 100;

/**
 * Of a queue of two, the one on `from` drains in the midst of a stream of messages, and each of them must reach one
 * of the two, once. Resolves with what the one that left has got, and the subject.
 */
export async function leaveQueue(publisher: Bus, from: Bus, to: Bus, at: string) {
  const subject = `${at}.work`;
  const leaving = new Collector();
  const both = new Collector();
  const join = (bus: Bus, name: string, receive: (message: BusMessage) => void) =>
    bus.subscribe(`${at}.*`, (message) => {
      if (message.subject === subject) receive(message);
      else message.respond(bytes(name));
    }, { queue: "own" });
  const leaver = join(from, "leaving", (message) => {
    leaving.receive(message);
    both.receive(message);
    if (leaving.messages.length === STAY) leaver.drain();
  });
  await leaver.ready;
  await join(to, "staying", both.receive).ready;
  for (const bus of [publisher, from, to]) await reached(bus, `${at}.who`);
  const sent = Array.from({ length: 2 * HALF }, (_, index) => String(index));
  for (const value of sent.slice(0, HALF)) publisher.publish(subject, bytes(value));
  await leaving.count(STAY);
  // Goes out in the very moment in which the broker hears of the leave on another connection.
  for (const value of sent.slice(HALF)) publisher.publish(subject, bytes(value));
  await both.count(sent.length);
  deepEqual(both.texts.sort((left, right) => Number(left) - Number(right)), sent);
  ok(leaving.messages.length > STAY, "Nothing was on the way when it left");
  return { leaving, subject };
}

/** Resolves when both are heard of from here, which takes a moment where servers have to tell each other. */
async function reached(bus: Bus, subject: string): Promise<void> {
  const end = deadline();
  const names = new Set<string>();
  while (names.size < 2) {
    const signal = AbortSignal.any([end, AbortSignal.timeout(100)]);
    try {
      names.add(text((await bus.request(subject, bytes("?"), { signal })).data));
    } catch (error) {
      if (end.aborted || !(error instanceof NoResponders || error === signal.reason)) throw error;
    }
  }
}
