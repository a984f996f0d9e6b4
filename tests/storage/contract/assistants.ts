import assert from "node:assert/strict";
import { conversationFence, conversationId, createGroups, group, person } from "./conversation_records.ts";
import type { OpenStorage } from "./opened.ts";
import { fence, room, roomId } from "./records.ts";

const assistant = {
  ...{ id: roomId(99), name: "波浪 🌊", model: "m-1.5", enabled: false },
  instructions: 'two\nlines and a "quote"',
};
const questions = [1, 2].map((n) => ({ seq: n, answer: conversationId(90 + n), asker: person(n), at: n }));

export function testAssistants(name: string, open: OpenStorage): void {
  Deno.test(`[AS1] ${name}: the assistant of a group and what it is asked are read as written, and removed`, async () => {
    await using opened = await open();
    const { conversations, lane } = opened.storage;
    await conversations.create(group(3, { assistant, questions }), 1, []);
    await createGroups(opened.storage, 1, 2);
    const read = async (n: number) => (await conversations.acquire(conversationId(n), 1))?.record;
    const update = (patch: Parameters<typeof conversations.update>[1]) =>
      lane.commit(conversationFence(1), [conversations.update(conversationId(1), patch)]);
    assert.deepEqual(await read(3), group(3, { assistant, questions }));
    await update({ assistant, questions });
    assert.deepEqual(await read(1), group(1, { assistant, questions }));
    await update({ link: "x" });
    assert.deepEqual(await read(1), group(1, { assistant, questions, link: "x" }));
    await update({ questions: questions.slice(1), link: "" });
    assert.deepEqual(await read(1), group(1, { assistant, questions: questions.slice(1) }));
    await update({ questions: [], assistant: null });
    assert.deepEqual(await read(1), group(1));
    assert.deepEqual(await read(2), group(2));
  });

  Deno.test(`[AS5] ${name}: the assistant of a room is read as written; lists and cards show nothing of what it is told`, async () => {
    await using opened = await open();
    const { rooms, cards, lane } = opened.storage;
    await rooms.create(room(1, { assistant }), 1);
    await rooms.create(room(2), 1);
    const { instructions: _told, ...shown } = assistant;
    const seen = async () => ({
      listed: (await rooms.list({ limit: 9 })).map((listed) => listed.assistant),
      cards: [1, 2].map(roomId).map((id) => id && found.get(id)?.value.assistant),
    });
    let found = await cards.read("room", [roomId(1), roomId(2)]);
    assert.deepEqual((await rooms.read(roomId(1)))?.assistant, assistant);
    assert.deepEqual((await rooms.acquire(roomId(1), 1))?.assistant, assistant);
    assert.deepEqual(await seen(), { listed: [undefined, shown], cards: [shown, undefined] });
    await lane.commit(fence(1, 1), [rooms.update(roomId(1), { assistant: null, title: "Other" })]);
    found = await cards.read("room", [roomId(1), roomId(2)]);
    assert.deepEqual(await seen(), { listed: [undefined, undefined], cards: [undefined, undefined] });
    assert.equal((await rooms.read(roomId(1)))?.assistant, undefined);
  });
}
