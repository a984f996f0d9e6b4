import { deepEqual } from "node:assert/strict";
import type { Conversation, Message } from "protocol/chat.ts";
import { type Device, Person } from "tests/support/chatter.ts";
import { startThree } from "tests/support/three_nodes.ts";

const UNTIL_MS = 90_000;

function answers(device: Device, conversation: string): Extract<Message, { kind: "sent" }>[] {
  return device.notebook.messages(conversation).flatMap((message) =>
    message.kind === "sent" && message.assistant ? [message] : []
  );
}

Deno.test("[AS24] on three nodes, when the one that answers for the group is killed, each question has one answer, in order", async () => {
  await using cluster = await startThree({ AI_ECHO: "on", AI_LEASE_TERM_SECONDS: 5 });
  const [ann, ben] = [
    await Person.register(cluster.servers[0]!),
    await Person.register(cluster.servers[0]!),
  ];
  let conversation: string;
  const asked: number[] = [];
  {
    await using device = await ann.live(cluster.servers[0]!);
    conversation = await device.group([]);
    await using other = await ben.connect(cluster.servers[1]!);
    await other.socket.call("chat.join", { conversation });
    const params = { conversation, assistant: { name: "Echo", model: "echo" } };
    const { group } = await device.socket.call<Conversation>("chat.assistant", params);
    const mentions = [group!.assistant!.id];
    const words = "many words ".repeat(25);
    for (const [n, { socket }] of [device, other, device].entries()) {
      const message = { conversation, id: `q${n}`, text: `@Echo ${n} ${words}`, mentions };
      asked.push((await socket.call<{ seq: number }>("chat.send", message)).seq);
    }
    await device.until(() => answers(device, conversation).length > 0, "the first answer", UNTIL_MS);
  }
  const actors = await Promise.all(
    cluster.servers.map((server) => server.metric('barrage_actors{kind="conversation"}')),
  );
  const victim = cluster.servers[actors.indexOf(1)]!;
  const alive = cluster.servers.find((server) => server !== victim)!;
  const before = await alive.metric("barrage_shards");
  await victim.kill("SIGKILL");
  await alive.metricIs("barrage_shards", (shards) => shards > before);
  await using device = await ann.live(alive);
  await device.until(() => answers(device, conversation).length >= asked.length, "all answers", UNTIL_MS);
  deepEqual(answers(device, conversation).map(({ replyTo }) => replyTo), asked);
});
