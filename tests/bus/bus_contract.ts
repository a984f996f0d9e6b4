import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { ulid } from "@std/ulid";
import { type Bus, BUS_MAX_BYTES, type BusState, NoResponders } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import { bytes, Collector, deadline, text } from "./collector.ts";
import { leaveQueue } from "./leave_queue.ts";

/** Several connections to one broker. */
export interface BusRig extends AsyncDisposable {
  readonly buses: readonly Bus[];
  /** What the buses reported: errors thrown by receivers and watchers. */
  readonly errors: readonly unknown[];
  /** Cuts one connection off; resolves when its bus is disconnected. */
  cut(index: number): Promise<void>;
  /** Lets it connect again; resolves when its bus is connected. */
  restore(index: number): Promise<void>;
}

interface Three {
  readonly a: Bus;
  readonly b: Bus;
  readonly c: Bus;
  readonly rig: BusRig;
  /** A prefix no other test uses, so that a broker may be shared. */
  readonly at: string;
}

/** What every implementation of the bus must do. */
export function testBus(name: string, open: (connections: number) => Promise<BusRig>): void {
  function check(rule: string, run: (three: Three) => Promise<void>): void {
    Deno.test(`${rule} (${name})`, async () => {
      await using rig = await open(3);
      const [a, b, c] = rig.buses;
      if (a === undefined || b === undefined || c === undefined) {
        throw new Error("The rig opened too few buses");
      }
      await run({ a, b, c, rig, at: `test.${ulid()}` });
    });
  }

  check(
    "[B1] a message reaches every matching subscription, the publisher's own too",
    async ({ a, b, c, at }) => {
      const collectors = [new Collector(), new Collector(), new Collector(), new Collector()];
      const [first, second, third, fourth] = collectors as [Collector, Collector, Collector, Collector];
      await a.subscribe(`${at}.x`, first.receive).ready;
      await b.subscribe(`${at}.x`, second.receive).ready;
      await b.subscribe(`${at}.*`, third.receive).ready;
      await c.subscribe(`${at}.y`, fourth.receive).ready;
      a.publish(`${at}.x`, bytes("hi"), { kind: "greeting" });
      a.publish(`${at}.y`, bytes("other"));
      await first.count(1);
      await second.count(1);
      await third.count(2);
      await fourth.count(1);
      for (const collector of [first, second, third]) {
        const message = collector.messages[0];
        equal(message?.subject, `${at}.x`);
        equal(text(message.data), "hi");
        equal(message.headers["kind"], "greeting");
      }
      deepEqual(fourth.texts, ["other"]);
      deepEqual(first.texts, ["hi"]);
    },
  );

  check("[B2] nothing is delivered inside publish", async ({ a, at }) => {
    const collector = new Collector();
    await a.subscribe(at, collector.receive).ready;
    a.publish(at, bytes("x"));
    equal(collector.messages.length, 0);
    await collector.count(1);
  });

  check("[B3] bytes are copied on the way, for each receiver", async ({ a, b, at }) => {
    const first = new Collector();
    const second = new Collector();
    await a.subscribe(at, (message) => {
      const seen = { ...message, data: message.data.slice() };
      message.data.fill(0);
      first.receive(seen);
    }).ready;
    await b.subscribe(at, second.receive).ready;
    const buffer = bytes("before");
    a.publish(at, buffer);
    buffer.fill(120);
    await first.count(1);
    await second.count(1);
    deepEqual(first.texts, ["before"]);
    deepEqual(second.texts, ["before"]);
  });

  check("[B4] messages of one publisher on one subject arrive in order", async ({ a, b, at }) => {
    const collector = new Collector();
    await b.subscribe(`${at}.>`, collector.receive).ready;
    const sent = Array.from({ length: 5_000 }, (_, index) => String(index));
    for (const value of sent) a.publish(`${at}.n`, bytes(value));
    await collector.count(sent.length);
    deepEqual(collector.texts, sent);
  });

  check("[B5] * stands for one token and > for one or more", async ({ a, b, at }) => {
    const one = new Collector();
    const rest = new Collector();
    await b.subscribe(`${at}.*.end`, one.receive).ready;
    await b.subscribe(`${at}.>`, rest.receive).ready;
    const subjects = [`${at}.a.end`, `${at}.a.b.end`, `${at}.end`, at, `${at}.a.end.more`, `${at}.z.end`];
    for (const subject of subjects) a.publish(subject, bytes(subject));
    await rest.last(`${at}.z.end`);
    await one.last(`${at}.z.end`);
    deepEqual(one.texts, [`${at}.a.end`, `${at}.z.end`]);
    deepEqual(rest.texts, subjects.filter((subject) => subject !== at));
  });

  check("[B6] one member of a queue group gets each message, and every member gets some", async (three) => {
    const { a, b, c, at } = three;
    const left = new Collector();
    const right = new Collector();
    const outside = new Collector();
    await b.subscribe(at, left.receive, { queue: "own" }).ready;
    await c.subscribe(at, right.receive, { queue: "own" }).ready;
    await c.subscribe(at, outside.receive).ready;
    const sent = Array.from({ length: 200 }, (_, index) => String(index));
    for (const value of sent) a.publish(at, bytes(value));
    await outside.count(200);
    await left.until(() => left.messages.length + right.messages.length >= 100, "half of the messages");
    await right.until(() => right.messages.length > 0, "any message");
    // A second round on the same road: when its end is here, so is the whole first round.
    await settle(b);
    await settle(c);
    deepEqual([...left.texts, ...right.texts].sort(byNumber), sent);
    ok(left.messages.length > 0 && right.messages.length > 0);
  });

  check("[B7] when ready resolves, what any connection publishes next is seen", async ({ a, b, c, at }) => {
    for (let round = 0; round < 20; round++) {
      const collector = new Collector();
      const subscription = b.subscribe(`${at}.${round}`, collector.receive);
      await subscription.ready;
      (round % 2 === 0 ? a : c).publish(`${at}.${round}`, bytes("seen"));
      await collector.count(1);
      subscription.unsubscribe();
    }
  });

  check("[B8] after unsubscribe nothing is delivered, not even what is on the way", async ({ a, b, at }) => {
    const stopped = new Collector();
    const going = new Collector();
    const subscription = b.subscribe(at, (message) => {
      stopped.receive(message);
      subscription.unsubscribe();
    });
    await subscription.ready;
    await b.subscribe(at, going.receive).ready;
    for (const value of ["1", "2", "3"]) a.publish(at, bytes(value));
    await going.count(3);
    deepEqual(stopped.texts, ["1"]);
  });

  check("[B36] when one of a queue drains, every message reaches one of them", async ({ a, b, c, at }) => {
    const { leaving, subject } = await leaveQueue(a, b, c, at);
    for (const bus of [a, b, c]) await settle(bus);
    const later = new Collector();
    await c.subscribe(subject, later.receive).ready;
    const before = leaving.messages.length;
    for (let n = 0; n < 100; n++) a.publish(subject, bytes("later"));
    await later.count(100);
    await settle(b);
    equal(leaving.messages.length, before);
  });

  check("[B9] a request resolves with the answer", async ({ a, b, at }) => {
    await b.subscribe(at, (message) => {
      message.respond(bytes(`${text(message.data)} to you`), { role: message.headers["role"] ?? "none" });
    }).ready;
    const reply = await a.request(at, bytes("hello"), { signal: deadline(), headers: { role: "guest" } });
    equal(text(reply.data), "hello to you");
    equal(reply.headers["role"], "guest");
  });

  check(
    "[B9] of two answers the first counts, and each of many requests gets its own",
    async ({ a, b, at }) => {
      await b.subscribe(at, (message) => {
        message.respond(message.data);
        message.respond(bytes("late"));
      }).ready;
      const sent = Array.from({ length: 200 }, (_, index) => String(index));
      const replies = await Promise.all(
        sent.map((value) => a.request(at, bytes(value), { signal: deadline() })),
      );
      deepEqual(replies.map((reply) => text(reply.data)), sent);
    },
  );

  check("[B10] a request to nobody rejects with NoResponders", async ({ a, b, at }) => {
    await rejects(a.request(at, bytes("?"), { signal: deadline() }), NoResponders);
    const subscription = b.subscribe(at, (message) => message.respond(bytes("!")));
    await subscription.ready;
    equal(text((await a.request(at, bytes("?"), { signal: deadline() })).data), "!");
    subscription.unsubscribe();
    await settle(b);
    await rejects(a.request(at, bytes("?"), { signal: deadline() }), NoResponders);
  });

  check("[B11] a request ends with its signal's reason, at once if that has fired", async ({ a, b, at }) => {
    const controller = new AbortController();
    const asked = new Collector();
    await b.subscribe(at, asked.receive).ready;
    const waiting = a.request(at, bytes("?"), { signal: controller.signal });
    await asked.count(1);
    controller.abort(new RangeError("enough"));
    await rejects(waiting, RangeError);
    await rejects(a.request(at, bytes("?"), { signal: controller.signal }), RangeError);
    await settle(b);
    equal(asked.messages.length, 1);
  });

  check("[B12] up to BUS_MAX_BYTES pass, headers included, and more is too_large", async ({ a, b, at }) => {
    const collector = new Collector();
    await b.subscribe(at, collector.receive).ready;
    a.publish(at, new Uint8Array(BUS_MAX_BYTES));
    await collector.count(1);
    equal(collector.messages[0]?.data.byteLength, BUS_MAX_BYTES);
    throws(() => a.publish(at, new Uint8Array(BUS_MAX_BYTES + 1)), reason("too_large"));
    // A header costs what it takes as text: the version, `name: value`, an empty line, each with its end of line.
    const beside = BUS_MAX_BYTES - "NATS/1.0\r\nname: value\r\n\r\n".length;
    a.publish(at, new Uint8Array(beside), { name: "value" });
    await collector.count(2);
    equal(collector.messages[1]?.headers["name"], "value");
    throws(() => a.publish(at, new Uint8Array(beside + 1), { name: "value" }), reason("too_large"));
    const request = a.request(at, new Uint8Array(BUS_MAX_BYTES + 1), { signal: deadline() });
    await rejects(request, reason("too_large"));
  });

  check("[B13] a malformed subject or header is invalid_request", async ({ a, at }) => {
    for (const subject of ["", ".", "a..b", "a.", ".a", "a b", "a.*", "a.>", "caf\u00e9", "a\r\nb"]) {
      throws(() => a.publish(subject, bytes("x")), reason("invalid_request"), subject);
      await rejects(
        a.request(subject, bytes("x"), { signal: deadline() }),
        reason("invalid_request"),
        subject,
      );
    }
    for (const pattern of ["", "a..b", "a.>.b", "a*", "a.b>", "a b"]) {
      throws(() => a.subscribe(pattern, () => {}), reason("invalid_request"), pattern);
    }
    throws(() => a.publish(at, bytes("x"), { "na:me": "x" }), reason("invalid_request"));
    for (const value of ["two\r\nlines", "caf\u00e9", " before", "after "]) {
      throws(() => a.publish(at, bytes("x"), { name: value }), reason("invalid_request"), value);
    }
  });

  check("[B14] what is published while disconnected is lost without an error", async ({ a, b, rig, at }) => {
    const collector = new Collector();
    await b.subscribe(at, collector.receive).ready;
    await rig.cut(0);
    a.publish(at, bytes("lost"));
    await rig.restore(0);
    a.publish(at, bytes("kept"));
    await collector.last("kept");
    deepEqual(collector.texts, ["kept"]);
  });

  check(
    "[B15] a subscription survives a cut but misses what was sent meanwhile",
    async ({ a, b, rig, at }) => {
      const collector = new Collector();
      const late = new Collector();
      await b.subscribe(at, collector.receive).ready;
      await rig.cut(1);
      a.publish(at, bytes("missed"));
      await settle(a);
      const subscription = b.subscribe(`${at}.late`, late.receive);
      await rig.restore(1);
      await subscription.ready;
      await settle(b);
      a.publish(at, bytes("seen"));
      a.publish(`${at}.late`, bytes("also"));
      await collector.last("seen");
      await late.count(1);
      deepEqual(collector.texts, ["seen"]);
    },
  );

  check(
    "[B16] a request rejects unavailable when its connection is cut, before or meanwhile",
    async (three) => {
      const { a, b, rig, at } = three;
      const asked = new Collector();
      await b.subscribe(at, asked.receive).ready;
      const waiting = a.request(at, bytes("?"), { signal: deadline() });
      const outcome = rejects(waiting, reason("unavailable"));
      await asked.count(1);
      await rig.cut(0);
      await outcome;
      await rejects(a.request(at, bytes("?"), { signal: deadline() }), reason("unavailable"));
    },
  );

  check("[B17] the state and its watchers follow the connection", async ({ a, rig }) => {
    const seen: BusState[] = [];
    const unwatch = a.watch((state) => seen.push(state));
    equal(a.state, "connected");
    await rig.cut(0);
    equal(a.state, "disconnected");
    await rig.restore(0);
    equal(a.state, "connected");
    unwatch();
    await rig.cut(0);
    deepEqual(seen, ["disconnected", "connected"]);
  });

  check("[B18] a receiver that throws is reported and harms no other", async ({ a, b, rig, at }) => {
    const thrown = new Error("receiver failed");
    const collector = new Collector();
    await b.subscribe(at, () => {
      throw thrown;
    }).ready;
    await b.subscribe(at, collector.receive).ready;
    a.publish(at, bytes("1"));
    a.publish(at, bytes("2"));
    await collector.count(2);
    await settle(b);
    deepEqual(rig.errors, [thrown, thrown]);
  });

  check("[B19] disposing hands over what was published, then ends everything", async ({ a, b, at }) => {
    const collector = new Collector();
    const own = new Collector();
    await b.subscribe(at, collector.receive).ready;
    await a.subscribe(`${at}.own`, own.receive).ready;
    const waiting = rejects(a.request(at, bytes("?"), { signal: deadline() }), reason("unavailable"));
    await collector.count(1);
    a.publish(at, bytes("last"));
    await a[Symbol.asyncDispose]();
    await waiting;
    await collector.last("last");
    equal(a.state, "disconnected");
    throws(() => a.subscribe(at, () => {}), reason("unavailable"));
    await rejects(b.request(`${at}.own`, bytes("?"), { signal: deadline() }), NoResponders);
    equal(own.messages.length, 0);
  });

  check("[B20] respond does nothing on a message nobody awaits an answer to", async ({ a, b, at }) => {
    const collector = new Collector();
    await b.subscribe(at, (message) => {
      message.respond(bytes("nobody asked"));
      collector.receive(message);
    }).ready;
    a.publish(at, bytes("told"));
    a.publish(at, bytes("told again"));
    await collector.count(2);
    deepEqual(collector.texts, ["told", "told again"]);
  });
}

/** Resolves when everything the broker had sent this connection before has been delivered. */
async function settle(bus: Bus): Promise<void> {
  const subject = `settle.${ulid()}`;
  const collector = new Collector();
  const subscription = bus.subscribe(subject, collector.receive);
  await subscription.ready;
  bus.publish(subject, bytes("done"));
  await collector.count(1);
  subscription.unsubscribe();
}

function reason(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof BarrageError && error.reason === expected;
}

function byNumber(left: string, right: string): number {
  return Number(left) - Number(right);
}
