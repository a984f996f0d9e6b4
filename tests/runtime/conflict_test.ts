import { deepEqual, equal } from "node:assert/strict";
import { z } from "zod";
import { defineActor } from "actors/runtime/definition.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { MessageStore } from "storage/conversation_storage.ts";
import { conversationId, createGroups, sent, texts } from "tests/storage/contract/conversation_records.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

const Line = z.object({ text: z.string() });

/** Stores each text under itself as its id, so that the same text again is a conflict. */
const clerkActor = defineActor({
  kind: "clerk",
  placement: "shard",
  key: z.string(),
  noun: "conversation",
  verbs: { write: { input: Line, output: z.int() } },
});

class Clerk {
  #seq = 0;

  constructor(readonly self: Self, readonly messages: MessageStore) {}

  async write({ text }: { text: string }): Promise<number> {
    const line = sent(this.#seq + 1, { conversation: this.self.key, text }, text);
    await this.self.commit(this.messages.append([line]));
    return ++this.#seq;
  }
}

async function startClerk(stage: RuntimeStage) {
  await createGroups(stage.storage, 1);
  await stage.storage.conversations.acquire(conversationId(1), 1);
  const node = stage.make();
  let births = 0;
  node.host(clerkActor, (self) => {
    births++;
    return new Clerk(self, stage.storage.messages);
  });
  await node.start();
  return { node, clerk: node.ref(clerkActor, conversationId(1)), births: () => births };
}

Deno.test("[R32] a commit refused as a conflict stores nothing of the turn and leaves the actor as it was", async () => {
  await using stage = await RuntimeStage.open();
  const { node, clerk, births } = await startClerk(stage);
  equal(await clerk.write({ text: "a" }), 1);
  equal(await outcome(clerk.write({ text: "a" })), "conflict");
  equal(await clerk.write({ text: "b" }), 2);
  deepEqual(await texts(stage.storage), ["a", "b"]);
  equal(births(), 1);
  equal(node.counters.restarts, 0);
});
