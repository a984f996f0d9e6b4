import assert from "node:assert/strict";
import { TRANSACTIONS_AT_ONCE_MAX } from "storage/engine.ts";
import { FencedError } from "storage/storage.ts";
import { toWrite } from "storage/writes.ts";
import { accountId } from "./account_records.ts";
import {
  conversationFence,
  conversationId,
  createGroups,
  group,
  member,
  sent,
  sents,
  texts,
} from "./conversation_records.ts";
import type { OpenStorage } from "./opened.ts";

export function testConversations(name: string, open: OpenStorage): void {
  Deno.test(`[D100] ${name}: a conversation is made with what stands beside it, or not at all`, async () => {
    await using opened = await open();
    const { conversations, memberships, messages } = opened.storage;
    const full = group(1, {
      link: "0123456789abcdefghijkl",
      settings: {
        title: "弹幕 🎉",
        announcement: "two\nlines",
        join: "invite",
        mutedAll: true,
        historyForNewcomers: true,
      },
    });
    const beside = [
      memberships.put(full.id, [member(1, { role: "owner", version: 2 })]),
      ...messages.append(sents(1, 2)),
    ];
    assert.equal(await conversations.create(full, 1, beside), "created");
    assert.equal(await conversations.create(group(1, { number: "2" }), 2, beside), "exists");
    assert.equal(await conversations.create(group(2, { number: full.number }), 1, beside), "number_taken");
    await assert.rejects(conversations.create(group(3), 1, [...messages.append([sent(3), sent(3)])]));
    assert.equal(await conversations.acquire(conversationId(2), 1), undefined);
    assert.equal(await conversations.acquire(conversationId(3), 1), undefined);
    assert.deepEqual(await conversations.acquire(full.id, 1), {
      record: full,
      members: [member(1, { role: "owner", version: 2 })],
      version: 2,
      messageVersion: 2,
      head: 2,
      firstSeq: 1,
    });
    const direct = { kind: "direct", id: conversationId(4), createdAt: 7 } as const;
    assert.equal(await conversations.create(direct, 1, []), "created");
    const empty = { record: direct, members: [], version: 0, messageVersion: 0, head: 0, firstSeq: 1 };
    assert.deepEqual(await conversations.acquire(direct.id, 1), empty);
  });

  Deno.test(`[D101] ${name}: acquiring a conversation raises its fence and never lowers it`, async () => {
    await using opened = await open();
    const { conversations, messages, lane } = opened.storage;
    await createGroups(opened.storage, 1);
    await conversations.acquire(conversationId(1), 5);
    await assert.rejects(
      conversations.acquire(conversationId(1), 4),
      new FencedError(conversationFence(1, 4)),
    );
    await assert.rejects(lane.commit(conversationFence(1, 4), messages.append(sents(1, 1))), FencedError);
    await lane.commit(conversationFence(1, 5), messages.append(sents(1, 1)));
    assert.equal((await conversations.acquire(conversationId(1), 5))?.head, 1);
  });

  Deno.test(`[D101] ${name}: of conversations acquired at once each gets its fence, or is refused alone`, async () => {
    await using opened = await open();
    const { conversations } = opened.storage;
    const numbers = [1, 2, 3, 4, 5, 6];
    await createGroups(opened.storage, ...numbers);
    await conversations.acquire(conversationId(3), 9);
    const settled = await Promise.allSettled([
      ...numbers.map((n) => conversations.acquire(conversationId(n), n <= 3 ? 5 : 6)),
      conversations.acquire(conversationId(99), 5),
    ]);
    const outcomes = settled.map((each) =>
      each.status === "fulfilled" ? each.value?.record.id : (each.reason as Error).name
    );
    const ids = numbers.map((n) => n === 3 ? "FencedError" : conversationId(n));
    assert.deepEqual(outcomes, [...ids, undefined]);
    for (const n of numbers.filter((n) => n !== 3)) {
      const epoch = n <= 3 ? 5 : 6;
      await assert.rejects(opened.storage.lane.commit(conversationFence(n, epoch - 1), []), FencedError);
      await opened.storage.lane.commit(conversationFence(n, epoch), []);
    }
    await opened.storage.lane.commit(conversationFence(3, 9), []);
  });

  Deno.test(`[D102] ${name}: what is acquired knows the greatest version of all rows, of those gone too`, async () => {
    await using opened = await open();
    const { conversations, memberships, messages, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    const acquired = async () => {
      const { version, messageVersion, head, members } = (await conversations.acquire(conversationId(1), 1))!;
      return [version, messageVersion, head, members.map(({ user }) => user.name)];
    };
    await lane.commit(conversationFence(1), [
      ...messages.append([sent(1), sent(2, { version: 4 })]),
      memberships.put(conversationId(1), [member(2, { version: 3 }), member(1, { version: 1 })]),
    ]);
    await lane.commit(conversationFence(2), [
      memberships.put(conversationId(2), [member(1, { version: 99 })]),
    ]);
    assert.deepEqual(await acquired(), [4, 4, 2, ["User 1", "User 2"]]);
    await lane.commit(conversationFence(1), [
      messages.rewrite({ ...sent(1).message, version: 6 }),
      memberships.put(conversationId(1), [
        member(1, { version: 8, state: "left" }),
        member(3, { state: "asked", version: 7 }),
      ]),
    ]);
    assert.deepEqual(await acquired(), [8, 6, 2, ["User 2", "User 3"]]);
  });

  Deno.test(`[D103] ${name}: an update changes what it names; an empty link removes it`, async () => {
    await using opened = await open();
    const { conversations, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    const read = async (n: number) => (await conversations.acquire(conversationId(n), 1))?.record;
    const settings = { ...group(1).settings, title: "New", mutedAll: true };
    await lane.commit(conversationFence(1), [conversations.update(conversationId(1), { settings })]);
    await lane.commit(conversationFence(1), [conversations.update(conversationId(1), { link: "x" })]);
    assert.deepEqual(await read(1), group(1, { settings, link: "x" }));
    await lane.commit(conversationFence(1), [
      conversations.update(conversationId(1), { link: "" }),
      conversations.update(conversationId(1), {}),
    ]);
    assert.deepEqual(await read(1), group(1, { settings }));
    assert.deepEqual(await read(2), group(2));
  });

  Deno.test(`[D104] ${name}: groups are found by number or by the beginning of their title`, async () => {
    await using opened = await open();
    const { conversations, memberships, lane } = opened.storage;
    const titled = (n: number, title: string, join: "open" | "invite" = "open") =>
      group(n, { settings: { ...group(n).settings, title, join } });
    const titles = [
      "Bärlin",
      "Alpha",
      "alphabet",
      "ＡＬＰＨＡ  two",
      "alph",
      "弹幕",
      "弹幕组",
      "Alpha hidden",
    ];
    for (const [n, title] of titles.entries()) {
      await conversations.create(titled(n + 1, title, title.includes("hidden") ? "invite" : "open"), 1, []);
    }
    await lane.commit(conversationFence(2), [
      memberships.put(conversationId(2), [member(1), member(2), member(3, { state: "invited" })]),
    ]);
    const found = async (title: string, limit = 10) =>
      (await conversations.find({ title }, limit)).map(({ group }) => group.settings.title);
    assert.deepEqual(await found("ALPHA"), ["Alpha", "ＡＬＰＨＡ  two", "alphabet"]);
    assert.deepEqual(await found("alpha", 2), ["Alpha", "ＡＬＰＨＡ  two"]);
    assert.deepEqual(await found("弹幕"), ["弹幕", "弹幕组"]);
    assert.deepEqual(await found("lpha"), []);
    assert.deepEqual(await conversations.find({ number: group(2).number }, 1), [
      { group: titled(2, "Alpha"), members: 2 },
    ]);
    assert.deepEqual(await conversations.find({ number: group(8).number }, 1), []);
    await lane.commit(conversationFence(2), [
      conversations.update(conversationId(2), { settings: titled(2, "Alpha", "invite").settings }),
    ]);
    assert.deepEqual(await found("alpha"), ["ＡＬＰＨＡ  two", "alphabet"]);
  });

  Deno.test(`[D105] ${name}: rows of members are added and replaced, and read one by one or by state`, async () => {
    await using opened = await open();
    const { memberships, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    const full = member(1, {
      role: "admin",
      state: "removed",
      visibleFrom: 4,
      leftSeq: 9,
      readSeq: 8,
      version: 12,
      muted: true,
      pinned: true,
      archived: true,
      blocked: true,
    });
    const put = (n: number, ...rows: ReturnType<typeof member>[]) =>
      lane.commit(conversationFence(n), [memberships.put(conversationId(n), rows)]);
    await put(1, member(1), member(2), member(3, { state: "asked" }));
    await put(2, member(1));
    await put(1, full, member(4));
    assert.deepEqual(await memberships.read(conversationId(1), accountId(1)), full);
    assert.deepEqual(await memberships.read(conversationId(2), accountId(1)), member(1));
    assert.equal(await memberships.read(conversationId(2), accountId(2)), undefined);
    const page = (state: "member" | "asked", after?: string) =>
      memberships.page(conversationId(1), state, { limit: 1, ...(after === undefined ? {} : { after }) });
    assert.deepEqual(await page("member"), [member(2)]);
    assert.deepEqual(await page("member", accountId(2)), [member(4)]);
    assert.deepEqual(await page("member", accountId(4)), []);
    assert.deepEqual(await page("asked"), [member(3, { state: "asked" })]);
    const many = Array.from({ length: 3_000 }, (_, n) => member(n + 100, { version: n }));
    await put(1, ...many);
    assert.deepEqual(
      await memberships.page(conversationId(1), "member", { after: accountId(99), limit: 1_000 }),
      [
        ...many.slice(0, 1_000),
      ],
    );
  });

  Deno.test(`[D106] ${name}: a user's conversations are listed with the version that concerns him`, async () => {
    await using opened = await open();
    const { conversations, memberships, messages, lane } = opened.storage;
    const direct = { kind: "direct", id: conversationId(5), createdAt: 1 } as const;
    await conversations.create(direct, 1, [
      memberships.put(direct.id, [member(1, { version: 1 }), member(2, { version: 9 })]),
      ...messages.append([sent(1, { conversation: direct.id })]),
    ]);
    await createGroups(opened.storage, 1, 2, 3, 4);
    const put = (n: number, ...rows: ReturnType<typeof member>[]) => memberships.put(conversationId(n), rows);
    await lane.commit(conversationFence(1), [put(1, member(1, { version: 2 }), member(2, { version: 50 }))]);
    await lane.commit(conversationFence(2), [put(2, member(1, { version: 20 }))]);
    await lane.commit(conversationFence(3), [
      put(3, member(1, { state: "left", version: 3 })),
      ...messages.append([sent(1, { conversation: conversationId(3), version: 30 })]),
    ]);
    await lane.commit(conversationFence(4), [put(4, member(1, { state: "asked", version: 3 }))]);
    for (const [n, versions] of [[1, [5, 6]], [2, [7]]] as const) {
      await lane.commit(conversationFence(n), [
        ...messages.append(
          versions.map((version, index) => sent(index + 1, { conversation: conversationId(n), version })),
        ),
      ]);
    }
    const mine = (after?: string, limit = 10) =>
      memberships.ofUser(accountId(1), { limit, ...(after === undefined ? {} : { after }) });
    const all = [
      { conversation: conversationId(1), state: "member", version: 6 },
      { conversation: conversationId(2), state: "member", version: 20 },
      { conversation: conversationId(3), state: "left", version: 3 },
      { conversation: conversationId(4), state: "asked", version: 3 },
      { conversation: conversationId(5), state: "member", version: 9 },
    ];
    assert.deepEqual(await mine(), all);
    assert.deepEqual(await mine(conversationId(2), 2), all.slice(2, 4));
    assert.equal(await memberships.count(accountId(1)), 4);
    assert.equal(await memberships.count(accountId(7)), 0);
    await lane.commit(conversationFence(1), [
      messages.rewrite({ ...sent(1).message, conversation: conversationId(1), version: 70 }),
    ]);
    assert.equal((await mine())[0]?.version, 70);
  });

  Deno.test(`[D107] ${name}: who has blocked whom is read for many conversations at once`, async () => {
    await using opened = await open();
    const { memberships, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2, 3);
    for (const n of [1, 2, 3]) {
      const rows = [member(1, { blocked: n === 2 }), member(2, { blocked: n === 3 })];
      await lane.commit(conversationFence(n), [memberships.put(conversationId(n), rows)]);
    }
    const blocked = await memberships.blocked([1, 2, 9].map(conversationId));
    assert.deepEqual(blocked, [{ conversation: conversationId(2), by: accountId(1) }]);
    assert.deepEqual(await memberships.blocked([]), []);
  });

  Deno.test(`[D108] ${name}: messages of all kinds are read as they were added, from either end`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    const rich = sent(1, {
      text: "弹幕 👩‍👩‍👧‍👦 a\u0000b '\"\\\n$1 ?",
      mentions: [accountId(2), accountId(3)],
      replyTo: 1,
      attachments: [{ type: "file", url: "https://example.org/a", name: "a.txt", bytes: 2 ** 53 - 1 }],
    });
    const change = {
      message: {
        ...sent(2).message,
        kind: "change",
        change: { what: "left" },
      },
    } as const;
    const { text: _text, ...rest } = change.message as typeof change.message & { text?: string };
    const records = [rich, { message: rest as typeof change.message }, ...sents(3, 1_200)];
    await lane.commit(conversationFence(1), messages.append(records));
    const other = conversationId(2);
    await lane.commit(conversationFence(2), messages.append([sent(1, { conversation: other })]));
    const range = (from: number, to: number, limit: number, end: "first" | "last") =>
      messages.range(conversationId(1), { from, to }, limit, end);
    assert.deepEqual(await range(1, 2, 10, "first"), records.slice(0, 2));
    assert.deepEqual(await range(1, 1_200, 1_000, "first"), records.slice(0, 1_000));
    assert.deepEqual(await range(1, 1_200, 3, "last"), records.slice(-3));
    assert.deepEqual(await range(5, 6, 3, "last"), records.slice(4, 6));
    assert.deepEqual(await range(1_201, 1_300, 3, "first"), []);
    assert.deepEqual(await texts(opened.storage, 2), ["message 1"]);
  });

  Deno.test(`[D108] ${name}: half of a pair in a name is stored as a mark, the messages beside it as they are`, async () => {
    await using opened = await open();
    const { conversations, lane, messages } = opened.storage;
    await conversations.create(group(1), 1, []);
    const { sender } = sent(2).message;
    const half = sent(2, { sender: { ...sender, name: "half \ud83d" } });
    await lane.commit(conversationFence(1), messages.append([sent(1), half, ...sents(3, 4)]));
    const stored = await messages.range(conversationId(1), { from: 1, to: 4 }, 10, "first");
    const marked = { ...half, message: { ...half.message, sender: { ...sender, name: "half \ufffd" } } };
    assert.deepEqual(stored, [sent(1), marked, ...sents(3, 4)]);
  });

  Deno.test(`[D108] ${name}: rows with and without a column stand side by side, and one after the other`, async () => {
    await using opened = await open();
    const { conversations, lane, messages } = opened.storage;
    await conversations.create(group(1), 1, []);
    const row = (seq: number, more: { client_id?: string } = {}) => {
      const { sender, id, at, kind } = sent(seq).message;
      const place = { conversation_id: conversationId(1), seq, version: seq };
      const whose = { sender_id: sender.id, sender_name: sender.name };
      return { ...more, ...place, id, kind, ...whose, at, body: JSON.stringify({ text: `message ${seq}` }) };
    };
    const named = (seq: number) => row(seq, { client_id: `c${seq}` });
    for (const rows of [[row(1), named(2)], [named(3), row(4)], [row(5), row(6)], [named(7), named(8)]]) {
      const write = toWrite({ kind: "insert", table: "conversation_message", rows });
      await lane.commit(conversationFence(1), [write]);
    }
    const stored = await messages.range(conversationId(1), { from: 1, to: 8 }, 10, "first");
    const ids = [undefined, "c2", "c3", undefined, undefined, undefined, "c7", "c8"];
    assert.deepEqual(stored.map(({ clientId }) => clientId), ids);
    const texts = ids.map((_, n) => `message ${n + 1}`);
    assert.deepEqual(stored.map(({ message }) => "text" in message && message.text), texts);
  });

  Deno.test(`[D109] ${name}: a sender's client id is taken once in a conversation, for ever`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    await lane.commit(
      conversationFence(1),
      messages.append([
        sent(1, {}, "same"),
        sent(2, { sender: { id: accountId(2), name: "B" } }, "same"),
        { message: sent(3).message },
        { message: sent(4).message },
      ]),
    );
    await lane.commit(
      conversationFence(2),
      messages.append([
        sent(1, { conversation: conversationId(2) }, "same"),
      ]),
    );
    const again = lane.commit(conversationFence(1), messages.append([sent(5), sent(6, {}, "same")]));
    await assert.rejects(again, { name: "BarrageError", reason: "conflict" });
    // A place taken twice is a mistake of the actor's memory, and no conflict.
    await assert.rejects(
      lane.commit(conversationFence(1), messages.append([sent(4)])),
      (error) => (error as { reason?: string }).reason !== "conflict",
    );
    assert.equal((await texts(opened.storage)).length, 4);
    const ids = ["same", "c5", "c9"].map((clientId) => ({ sender: accountId(1), clientId }));
    const { id, at } = sent(1).message;
    assert.deepEqual(await messages.sent(conversationId(1), ids), [
      { sender: accountId(1), clientId: "same", seq: 1, id, at },
    ]);
    assert.deepEqual(await messages.sent(conversationId(1), []), []);
  });

  Deno.test(`[D110] ${name}: units with ids that were used before cost the units beside them one attempt`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    const numbers = Array.from({ length: 200 }, (_, index) => index + 1);
    await createGroups(opened.storage, ...numbers);
    const append = (n: number, seq: number, clientId: string) =>
      lane.commit(
        conversationFence(n),
        messages.append([sent(seq, { conversation: conversationId(n) }, clientId)]),
      );
    await Promise.all(numbers.map((n) => append(n, 1, "first")));
    const before = lane.stats.transactions;
    const settled = await Promise.allSettled(
      numbers.map((n) => append(n, 2, n % 50 === 0 ? "first" : "second")),
    );
    const failed = numbers.filter((_, index) => settled[index]?.status === "rejected");
    assert.deepEqual(failed, [50, 100, 150, 200]);
    assert.ok(lane.stats.transactions - before <= TRANSACTIONS_AT_ONCE_MAX);
    assert.deepEqual(await texts(opened.storage, 49), ["message 1", "message 2"]);
    assert.deepEqual(await texts(opened.storage, 50), ["message 1"]);
  });

  Deno.test(`[D111] ${name}: an edited message is read as edited, a recalled one says nothing of what it said`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    await createGroups(opened.storage, 1);
    const first = sent(1, { mentions: [accountId(2)] });
    await lane.commit(conversationFence(1), messages.append([first, sent(2)]));
    const edited = sent(1, { version: 3, text: "new", mentions: [accountId(3)], editedAt: 9 });
    await lane.commit(conversationFence(1), [messages.rewrite(edited.message)]);
    const { text: _text, ...place } = sent(2, { version: 4 }).message as
      & { text?: string }
      & typeof first.message;
    const recalled = {
      ...place,
      kind: "recalled",
      recalledAt: 7,
      by: { id: accountId(1), name: "A" },
    } as const;
    await lane.commit(conversationFence(1), [messages.rewrite(recalled)]);
    assert.deepEqual(await messages.range(conversationId(1), { from: 1, to: 2 }, 9, "first"), [
      edited,
      { message: recalled, clientId: "c2" },
    ]);
    const mentions = async (n: number) =>
      (await messages.countAfter(conversationId(1), accountId(n), 0)).mentions;
    assert.deepEqual([await mentions(2), await mentions(3)], [0, 1]);
  });

  Deno.test(`[D112] ${name}: own messages and mentions after a place are counted`, async () => {
    await using opened = await open();
    const { messages, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    const mentions = [accountId(2), accountId(2), accountId(3)];
    const by = (n: number) => ({ sender: { id: accountId(n), name: "X" } });
    await lane.commit(
      conversationFence(1),
      messages.append([
        sent(1, { mentions }),
        sent(2, by(2)),
        sent(3, { ...by(2), mentions }),
        sent(4),
      ]),
    );
    const count = (n: number, seq: number) => messages.countAfter(conversationId(1), accountId(n), seq);
    assert.deepEqual(await count(2, 0), { own: 2, mentions: 2 });
    assert.deepEqual(await count(2, 2), { own: 1, mentions: 1 });
    assert.deepEqual(await count(1, 1), { own: 1, mentions: 0 });
    assert.deepEqual(await count(1, 4), { own: 0, mentions: 0 });
    assert.equal(await messages.answered(conversationId(1), accountId(1)), true);
    assert.equal(await messages.answered(conversationId(2), accountId(1)), false);
  });
}
