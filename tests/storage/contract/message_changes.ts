import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "protocol/chat.ts";
import { conversationFence, conversationId, createGroups, message } from "./conversation_records.ts";
import type { OpenStorage } from "./opened.ts";

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("send"), count: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("rewrite"), which: fc.nat({ max: 1_000 }) }) },
    // A change that is no message: somebody reads.
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("other"), count: fc.integer({ min: 1, max: 60 }) }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

export function testMessageChanges(name: string, open: OpenStorage): void {
  Deno.test(`[D113] ${name}: what changed between two versions is exactly that, whatever happened`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    let n = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.infiniteStream(fc.nat({ max: 1_000 })), async (steps, picks) => {
        await createGroups(opened.storage, ++n);
        const conversation = conversationId(n);
        const history: Message[] = [];
        let version = 0;
        for (const step of steps) {
          if (step.kind === "other") {
            version += step.count;
          } else if (step.kind === "send") {
            const sent = Array.from({ length: step.count }, () => {
              const one = message(history.length + 1, { conversation, version: ++version });
              history.push(one);
              return { message: one, clientId: `c${one.seq}` };
            });
            await lane.commit(conversationFence(n), messages.append(sent));
          } else if (history.length > 0) {
            const place = step.which % history.length;
            const one = { ...history[place]!, text: `edited at ${++version}`, version } as Message;
            history[place] = one;
            await lane.commit(conversationFence(n), [messages.rewrite(one)]);
          }
        }
        for (let look = 0; look < 6; look++) {
          const pick = (most: number) => (picks.next().value as number) % (most + 1);
          const [after, limit, from] = [pick(version + 2), 1 + pick(9), 1 + pick(history.length)];
          const range = { from, to: history.length };
          const expected = history.filter((one) => one.version > after && one.seq >= from)
            .sort((a, b) => a.version - b.version).slice(0, limit);
          deepEqual(await messages.changed(conversation, range, { after, to: version }, limit), expected);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  Deno.test(`[D113] ${name}: nothing that changed after the later version is among it`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    await createGroups(opened.storage, 1);
    const history = [1, 2, 3].map((seq) => message(seq, { version: seq * 10 }));
    await lane.commit(conversationFence(1), messages.append(history.map((message) => ({ message }))));
    await lane.commit(conversationFence(1), [messages.rewrite({ ...history[0]!, version: 40 })]);
    const changed = await messages.changed(conversationId(1), { from: 1, to: 2 }, { after: 5, to: 20 }, 9);
    deepEqual(changed, [history[1]]);
  });
}
