import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { Ticket } from "actors/ai/pool/definition.ts";
import { Queue } from "actors/ai/pool/queue.ts";
import { accountId } from "tests/storage/contract/account_records.ts";
import { answerId, credentialId } from "tests/storage/contract/ai_records.ts";

function ticket(n: number, user: number, changed: Partial<Ticket> = {}): Ticket {
  return {
    ...{ answer: answerId(n), user: accountId(user), band: "normal", attempt: 1, exclude: [], until: 1e15 },
    ...changed,
  };
}

function queueOf(...tickets: readonly Ticket[]): Queue {
  const queue = new Queue();
  for (const each of tickets) queue.add({ ticket: each, since: 0 }, each.attempt > 1);
  return queue;
}

function drain(queue: Queue, fits: (ticket: Ticket) => boolean = () => true): number[] {
  const order: number[] = [];
  for (;;) {
    const next = queue.next((ticket) => fits(ticket) ? true : undefined);
    if (next === undefined) return order;
    order.push(Number(next.waiting.ticket.answer.slice(-4)));
  }
}

Deno.test("[I1] of one user the oldest answer goes first, however late it came in", () => {
  deepEqual(drain(queueOf(ticket(3, 1), ticket(1, 1), ticket(2, 1))), [1, 2, 3]);
});

Deno.test("[I2] users of a band take turns, however much each of them has waiting", () => {
  const queue = queueOf(ticket(1, 1), ticket(2, 1), ticket(3, 1), ticket(4, 2), ticket(5, 3), ticket(6, 3));
  deepEqual(drain(queue), [1, 4, 5, 2, 6, 3]);
});

Deno.test("[I2] who comes anew is last in the round", () => {
  const queue = queueOf(ticket(1, 1), ticket(2, 1), ticket(3, 2), ticket(4, 2));
  queue.next(() => true);
  queue.add({ ticket: ticket(5, 3), since: 0 }, false);
  deepEqual(drain(queue), [3, 2, 5, 4]);
});

Deno.test("[I3] higher bands go first", () => {
  const queue = queueOf(
    ticket(1, 1, { band: "probe" }),
    ticket(2, 1, { band: "low" }),
    ticket(3, 1),
    ticket(4, 1, { band: "high" }),
    ticket(5, 2, { band: "high" }),
  );
  deepEqual(drain(queue), [4, 5, 3, 2, 1]);
});

Deno.test("[I4] who was served in vain is next of his user, and his user is next", () => {
  const queue = queueOf(ticket(1, 1), ticket(2, 2), ticket(3, 3), ticket(4, 2), ticket(9, 2, { attempt: 2 }));
  equal(queue.placeOf(queue.get(answerId(9))!), 1);
  deepEqual(drain(queue), [9, 1, 3, 2, 4]);
});

Deno.test("[I5] who cannot use what is free is passed over and keeps his place", () => {
  const [a, b] = [credentialId(1), credentialId(2)];
  const queue = queueOf(
    ticket(1, 1, { exclude: [a] }),
    ticket(2, 1),
    ticket(3, 2, { sticky: b }),
    ticket(4, 3),
  );
  const free = (credential: string) => ({ exclude, sticky }: Ticket) =>
    exclude.includes(credential) || (sticky ?? credential) !== credential ? undefined : credential;
  equal(queue.next(free(a))?.waiting.ticket.answer, answerId(2));
  equal(queue.next(free(a))?.waiting.ticket.answer, answerId(4));
  equal(queue.next(free(a)), undefined);
  equal(queue.next(free(b))?.waiting.ticket.answer, answerId(3));
  equal(queue.next(free(b))?.waiting.ticket.answer, answerId(1));
});

Deno.test("[I5] what is not there for somebody who takes anything is looked for no further", () => {
  const queue = queueOf(...Array.from({ length: 100 }, (_, n) => ticket(n + 1, n + 1)));
  let asked = 0;
  queue.next(() => void asked++);
  equal(asked, 1);
});

Deno.test("[I1] [I2] [I3] whatever comes and goes, all are served once, in the order of the rounds", () => {
  const step = fc.record({
    user: fc.integer({ min: 1, max: 4 }),
    band: fc.constantFrom("high", "normal", "low"),
    does: fc.constantFrom("add", "add", "add", "serve", "leave"),
    nth: fc.nat(30),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new Queue();
    const model: Ticket[][] = [];
    let n = 0;
    const waiting = () => model.flat();
    const gone = (answer: string) => {
      const flow = model.findIndex((flow) => flow.some((one) => one.answer === answer));
      const left = model[flow]!.filter((one) => one.answer !== answer);
      return { flow, left };
    };
    const serve = () => {
      const order = ["high", "normal", "low"];
      const first = [...model].sort((a, b) => order.indexOf(a[0]!.band) - order.indexOf(b[0]!.band))[0];
      const next = queue.next(() => true);
      equal(next?.waiting.ticket.answer, first?.[0]?.answer);
      if (first === undefined) return;
      const { flow, left } = gone(first[0]!.answer);
      model.splice(flow, 1);
      if (left.length > 0) model.push(left);
    };
    for (const { user, band, does, nth } of steps) {
      if (does === "serve") serve();
      else if (does === "add") {
        const one = ticket(++n, user, { band });
        queue.add({ ticket: one, since: 0 }, false);
        const flow = model.find(([first]) => first!.user === one.user && first!.band === band);
        if (flow === undefined) model.push([one]);
        else flow.push(one);
      } else if (waiting().length > 0) {
        const { answer } = waiting()[nth % waiting().length]!;
        queue.remove(answer);
        const { flow, left } = gone(answer);
        if (left.length > 0) model[flow] = left;
        else model.splice(flow, 1);
      }
      equal(queue.size, waiting().length);
      const told = [...queue.inOrder()].map(({ ticket }) => ticket.answer);
      for (const one of waiting()) {
        const place = queue.placeOf(queue.get(one.answer)!);
        // It may promise too little, by those who are behind in the round; never too much.
        if (place < told.indexOf(one.answer) + 1) {
          throw new Error(`${place} promised to ${told.indexOf(one.answer) + 1}`);
        }
      }
    }
    while (model.length > 0) serve();
    equal(queue.size, 0);
  }));
});
