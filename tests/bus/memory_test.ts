import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { setImmediate } from "node:timers";
import { MemoryBroker } from "actors/bus/memory.ts";
import { BarrageError } from "protocol/errors.ts";
import { type BusRig, testBus } from "./bus_contract.ts";
import { bytes, Collector, deadline } from "./collector.ts";

function openMemory(connections: number): Promise<BusRig> {
  const errors: unknown[] = [];
  const broker = new MemoryBroker({ onError: (error) => errors.push(error) });
  const buses = Array.from({ length: connections }, () => broker.connect());
  return Promise.resolve({
    buses,
    errors,
    cut: (index) => Promise.resolve(buses[index]?.disconnect()),
    restore: (index) => Promise.resolve(buses[index]?.reconnect()),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]();
    },
  });
}

testBus("memory", openMemory);

function rethrow(error: unknown): never {
  throw error;
}

/** A scheduler that runs nothing until told. */
class Steps {
  readonly #steps: (() => void)[] = [];
  readonly defer = (step: () => void): void => {
    this.#steps.push(step);
  };

  get waiting(): number {
    return this.#steps.length;
  }

  runAll(): void {
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) step();
  }
}

Deno.test("[B30] the newest messages over a connection's bound are dropped and counted at the receiver", async () => {
  const steps = new Steps();
  const broker = new MemoryBroker({
    onError: rethrow,
    defer: steps.defer,
    limits: { messages: 3, bytes: 1_000 },
  });
  await using fast = broker.connect();
  await using other = broker.connect();
  await using slow = broker.connect();
  const collector = new Collector();
  slow.subscribe("x", collector.receive);
  steps.runAll();
  for (const value of ["1", "2"]) fast.publish("x", bytes(value));
  for (const value of ["3", "4"]) other.publish("x", bytes(value));
  steps.runAll();
  deepEqual(collector.texts, ["1", "2", "3"]);
  deepEqual([fast.dropped, other.dropped, slow.dropped], [0, 0, 1]);
  fast.publish("x", bytes("5"));
  steps.runAll();
  deepEqual(collector.texts, ["1", "2", "3", "5"]);
});

Deno.test("[B30] the bound holds for bytes and for what a publisher has not sent yet", async () => {
  const steps = new Steps();
  const broker = new MemoryBroker({
    onError: rethrow,
    defer: steps.defer,
    limits: { messages: 100, bytes: 10 },
  });
  await using bus = broker.connect();
  const collector = new Collector();
  bus.subscribe("x", collector.receive);
  for (const value of ["123456", "78901", "7890"]) bus.publish("x", bytes(value));
  const refused = rejects(
    bus.request("x", bytes("?"), { signal: deadline() }),
    (error) => error instanceof BarrageError && error.reason === "unavailable",
  );
  equal(bus.dropped, 2);
  steps.runAll();
  await refused;
  deepEqual(collector.texts, ["123456", "7890"]);
});

Deno.test("[B31] nothing moves but in steps of the given scheduler", async () => {
  const steps = new Steps();
  const broker = new MemoryBroker({ onError: rethrow, defer: steps.defer });
  await using bus = broker.connect();
  const collector = new Collector();
  bus.subscribe("x", collector.receive);
  bus.publish("x", bytes("1"));
  await new Promise<void>((resolve) => setImmediate(resolve));
  equal(collector.messages.length, 0);
  ok(steps.waiting > 0);
  steps.runAll();
  deepEqual(collector.texts, ["1"]);
});

Deno.test("[B31] an idle bus keeps no step waiting", async () => {
  const steps = new Steps();
  const broker = new MemoryBroker({ onError: rethrow, defer: steps.defer });
  await using bus = broker.connect();
  bus.subscribe("x", () => {}).unsubscribe();
  bus.publish("x", bytes("1"));
  steps.runAll();
  equal(steps.waiting, 0);
});

Deno.test("[B32] timers get their turn while a bus is busy with itself", async () => {
  const broker = new MemoryBroker({ onError: rethrow });
  await using bus = broker.connect();
  let rounds = 0;
  let stopped = false;
  await bus.subscribe("loop", () => {
    rounds++;
    if (!stopped) bus.publish("loop", bytes("again"));
  }).ready;
  bus.publish("loop", bytes("go"));
  // One that comes before the first round proves nothing.
  do await new Promise<void>((resolve) => setTimeout(resolve, 1)); while (rounds === 0);
  ok(rounds > 0);
  stopped = true;
});

Deno.test("[B33] what is lost by a cut is counted, on the way in and out", async () => {
  const steps = new Steps();
  const broker = new MemoryBroker({ onError: rethrow, defer: steps.defer });
  await using sender = broker.connect();
  const receiver = broker.connect();
  receiver.subscribe("x", () => {
    throw new Error("A message was delivered after the cut");
  });
  steps.runAll();
  sender.publish("x", bytes("unsent"));
  sender.disconnect();
  sender.publish("x", bytes("while away"));
  sender.reconnect();
  equal(sender.lost, 2);
  receiver.disconnect();
  sender.publish("x", bytes("to nobody"));
  steps.runAll();
  equal(sender.lost, 2);
  await receiver[Symbol.asyncDispose]();
});

Deno.test("[B34] a watcher that throws is reported and harms no other", async () => {
  const errors: unknown[] = [];
  const broker = new MemoryBroker({ onError: (error) => errors.push(error) });
  await using bus = broker.connect();
  const thrown = new Error("watcher failed");
  const seen: string[] = [];
  bus.watch(() => {
    throw thrown;
  });
  bus.watch((state) => seen.push(state));
  bus.disconnect();
  deepEqual(errors, [thrown]);
  deepEqual(seen, ["disconnected"]);
});

Deno.test("[B35] ready waits for the connection, and no longer than the subscription lasts", async () => {
  const broker = new MemoryBroker({ onError: rethrow });
  await using bus = broker.connect();
  bus.disconnect();
  const kept = bus.subscribe("x", () => {});
  const ended = bus.subscribe("y", () => {});
  let ready = false;
  const waiting = kept.ready.then(() => ready = true);
  ended.unsubscribe();
  await ended.ready;
  equal(ready, false);
  bus.reconnect();
  await waiting;
  await bus[Symbol.asyncDispose]();
  throws(() => bus.subscribe("x", () => {}), BarrageError);
});
