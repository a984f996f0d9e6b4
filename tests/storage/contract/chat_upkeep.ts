import assert from "node:assert/strict";
import { decodeTime } from "@std/ulid";
import type { ReportRecord } from "storage/report_storage.ts";
import type { Storage } from "storage/storage.ts";
import { account, accountId } from "./account_records.ts";
import {
  conversationFence,
  conversationId,
  createGroups,
  group,
  member,
  message,
  person,
  sent,
  sents,
  texts,
} from "./conversation_records.ts";
import type { OpenStorage } from "./opened.ts";

const T = 1_700_000_000_000;
const DAY = 86_400_000;
const ID = conversationId(1);

/** A ULID of a time, as the ids of reports are. */
function reportId(n: number): string {
  return `01JD3Y4B${String(n).padStart(2, "0")}${"0".repeat(16)}`;
}

function report(n: number, changed: Partial<ReportRecord> = {}): ReportRecord {
  const base = {
    id: reportId(n),
    at: T + n,
    reporter: person(2),
    message: message(n),
    state: "open",
  } as const;
  return { ...base, reason: "abuse", note: "弹幕 🎉", ...changed };
}

async function put({ lane, reports }: Storage, ...records: readonly ReportRecord[]): Promise<void> {
  await lane.commit(conversationFence(1), records.map((record) => reports.put(record)));
}

export function testChatUpkeep(name: string, open: OpenStorage): void {
  Deno.test(`[D120] ${name}: conversations are found whose oldest message may be older than it is kept`, async () => {
    await using opened = await open();
    const { conversations, lane } = opened.storage;
    // Made at T + n; 3 keeps what is said for a day, 4 for two.
    await createGroups(opened.storage, 1, 2);
    for (const [n, retentionDays] of [[3, 1], [4, 2]] as const) {
      const settings = { ...group(n).settings, retentionDays };
      await conversations.create(group(n, { settings }), 1, []);
    }
    const overdue = async (now: number, before?: number, limit = 9) =>
      (await conversations.overdue({ now, ...(before === undefined ? {} : { before }) }, limit))
        .map((id) => [1, 2, 3, 4].find((n) => conversationId(n) === id));
    assert.deepEqual(await overdue(T), []);
    assert.deepEqual(await overdue(T, T + 3), [1, 2]);
    assert.deepEqual(await overdue(T + 3 + DAY), []);
    assert.deepEqual(await overdue(T + 4 + DAY), [3]);
    assert.deepEqual(await overdue(T + 3 * DAY, T + 2), [3, 4, 1]);
    assert.deepEqual(await overdue(T + 3 * DAY, T + 2, 1), [3]);
    const swept = (n: number, oldestAt: number) =>
      lane.commit(conversationFence(n), [
        conversations.update(conversationId(n), { swept: { firstSeq: 1, oldestAt } }),
      ]);
    await swept(1, T + 99);
    await swept(3, T + DAY);
    assert.deepEqual(await overdue(T + 2 * DAY, T + 3), [2]);
    assert.deepEqual(await overdue(T + 2 * DAY + 1, T + 100), [3, 2, 4, 1]);
    const keep = (n: number, retentionDays: number) =>
      lane.commit(conversationFence(n), [
        conversations.update(conversationId(n), { settings: { ...group(n).settings, retentionDays } }),
      ]);
    await keep(3, 0);
    await keep(2, 1);
    await keep(4, 1);
    assert.deepEqual(await overdue(T + DAY + 5), [2, 4]);
  });

  Deno.test(`[D121] ${name}: of swept messages nothing is read, and their places, versions and ids stay`, async () => {
    await using opened = await open();
    const { conversations, memberships, messages, lane } = opened.storage;
    await createGroups(opened.storage, 1);
    const mentions = [accountId(2)];
    await lane.commit(conversationFence(1), [
      ...messages.append([...sents(1, 3), sent(4, { mentions }), sent(5, { mentions }), sent(6)]),
      memberships.put(ID, [member(2)]),
    ]);
    await lane.commit(conversationFence(1), [messages.rewrite(message(2, { version: 9, text: "edited" }))]);
    const at = (n: number) => T + n;
    assert.deepEqual(await messages.olderThan(ID, 1, at(0), 9), { seq: 1, at: at(1) });
    assert.deepEqual(await messages.olderThan(ID, 1, at(4), 9), { seq: 4, at: at(4) });
    assert.deepEqual(await messages.olderThan(ID, 1, at(99), 2), { seq: 3, at: at(3) });
    assert.deepEqual(await messages.olderThan(ID, 1, at(99), 9), { seq: 7 });
    assert.deepEqual(await messages.olderThan(ID, 7, at(99), 9), { seq: 7 });
    const swept = { firstSeq: 5, version: 10, oldestAt: at(5) };
    await lane.commit(conversationFence(1), [
      conversations.update(ID, { swept }),
      messages.sweep(ID, { from: 1, to: 4 }),
    ]);
    assert.deepEqual(await texts(opened.storage), ["message 5", "message 6"]);
    const changed = await messages.changed(ID, { from: 1, to: 6 }, { after: 0, to: 10 }, 99);
    assert.deepEqual(changed.map(({ seq }) => seq), [5, 6]);
    assert.deepEqual(await messages.countAfter(ID, accountId(2), 0), { own: 0, mentions: 1 });
    assert.equal(await messages.answered(ID, accountId(2)), true);
    const stored = await conversations.acquire(ID, 1);
    assert.deepEqual([stored?.head, stored?.version, stored?.messageVersion, stored?.firstSeq], [
      6,
      10,
      10,
      5,
    ]);
    assert.deepEqual((await memberships.ofUser(accountId(2), { limit: 9 })).map(({ version }) => version), [
      10,
    ]);
    const again = await messages.sent(ID, [{ sender: accountId(1), clientId: "c2" }]);
    assert.deepEqual(again.map(({ seq, id, at }) => [seq, id, at]), [[2, message(2).id, at(2)]]);
    await assert.rejects(
      lane.commit(conversationFence(1), messages.append([sent(7, {}, "c2")])),
      { reason: "conflict" },
    );
    await lane.commit(conversationFence(1), [
      conversations.update(ID, { swept: { firstSeq: 7, version: 11, oldestAt: at(7) } }),
      messages.sweep(ID, { from: 5, to: 6 }),
    ]);
    const empty = await conversations.acquire(ID, 1);
    assert.deepEqual([empty?.head, empty?.version, empty?.firstSeq], [6, 11, 7]);
    assert.deepEqual(await texts(opened.storage), []);
  });

  Deno.test(`[D122] ${name}: a message is reported once by each, and a report is settled once`, async () => {
    await using opened = await open();
    const { reports } = opened.storage;
    await createGroups(opened.storage, 1);
    const bare: ReportRecord = {
      ...{ id: reportId(2), at: T, reporter: person(3), reason: "other", state: "open" },
      message: message(1, { text: "", attachments: [{ type: "image", url: "https://example.org/a" }] }),
    };
    await put(opened.storage, report(1), bare, report(3));
    await assert.rejects(put(opened.storage, { ...report(1), id: reportId(9) }), { reason: "conflict" });
    assert.deepEqual(await reports.read(reportId(1)), report(1));
    assert.equal(await reports.read(reportId(8)), undefined);
    assert.equal(await reports.find(ID, 1, accountId(2)), reportId(1));
    assert.equal(await reports.find(ID, 1, accountId(4)), undefined);
    const ids = async (page: Parameters<typeof reports.list>[0]) =>
      (await reports.list(page)).map(({ id }) => Number(id.slice(8, 10)));
    assert.deepEqual(await ids({ limit: 9 }), [3, 2, 1]);
    assert.deepEqual(await ids({ limit: 1, before: reportId(3) }), [2]);
    assert.deepEqual(await reports.list({ limit: 9, before: reportId(3), state: "open" }), [bare, report(1)]);
    assert.equal(await reports.settle(reportId(1), "operator", T + 9, "upheld"), true);
    assert.equal(await reports.settle(reportId(1), "another", T + 10, "dismissed"), false);
    assert.equal(await reports.settle(reportId(8), "operator", T + 9, "upheld"), false);
    const settled = { state: "settled", outcome: "upheld", settledAt: T + 9, settledBy: "operator" } as const;
    assert.deepEqual(await reports.list({ limit: 9, state: "settled" }), [report(1, settled)]);
    assert.deepEqual(await ids({ limit: 9, state: "open" }), [3, 2]);
  });

  Deno.test(`[D122] ${name}: reports of a user since a time are counted`, async () => {
    await using opened = await open();
    const { reports } = opened.storage;
    await createGroups(opened.storage, 1);
    const ids = ["01JD3Y4B6V", "01JD3Y4B6W", "01JD3Y4B6X"].map((time) => time + "0".repeat(16));
    await put(opened.storage, ...ids.map((id, n) => report(n + 1, { id })));
    const at = decodeTime(ids[0]!);
    const counts = await Promise.all(
      [at, at + 1, at + 2, at + 3].map((t) => reports.countSince(accountId(2), t)),
    );
    assert.deepEqual(counts, [3, 2, 1, 0]);
    assert.equal(await reports.countSince(accountId(3), 0), 0);
  });

  Deno.test(`[D123] ${name}: settled reports are swept after a time, at most so many`, async () => {
    await using opened = await open();
    const { reports } = opened.storage;
    await createGroups(opened.storage, 1);
    await put(opened.storage, ...[1, 2, 3, 4].map((n) => report(n)));
    for (const n of [1, 2, 3]) await reports.settle(reportId(n), "operator", T, "dismissed");
    const far = 2 * T;
    assert.equal(await reports.sweep(T - 365 * DAY, 9), 0);
    assert.equal(await reports.sweep(far, 2), 2);
    assert.equal(await reports.sweep(far, 2), 1);
    assert.deepEqual((await reports.list({ limit: 9 })).map(({ id }) => id), [reportId(4)]);
  });

  Deno.test(`[D124] ${name}: when somebody was there last only grows, and goes with his account`, async () => {
    await using opened = await open();
    const { lastSeen, accounts, lane } = opened.storage;
    const users = [1, 2, 3].map(accountId);
    const read = async () =>
      (await lastSeen.read(users)).map(({ user, at }) => [users.indexOf(user) + 1, at]).sort();
    await lastSeen.put([]);
    await Promise.all([
      lastSeen.put([{ user: users[0]!, at: T }, { user: users[1]!, at: T + 5 }]),
      lastSeen.put([{ user: users[1]!, at: T + 4 }, { user: users[0]!, at: T + 1 }]),
    ]);
    assert.deepEqual(await read(), [[1, T + 1], [2, T + 5]]);
    const many = Array.from({ length: 1_000 }, (_, n) => ({ user: accountId(10 + n), at: T }));
    await lastSeen.put([...many, { user: users[0]!, at: T }]);
    assert.deepEqual(await read(), [[1, T + 1], [2, T + 5]]);
    assert.deepEqual((await lastSeen.read([accountId(1_009)])).length, 1);
    await accounts.create(account(1), 1);
    await lane.commit({ noun: "account", id: users[0]!, epoch: 1 }, [accounts.erase(users[0]!)]);
    assert.deepEqual(await read(), [[2, T + 5]]);
  });

  Deno.test(`[D125] ${name}: who has ever sent something in which of many conversations is one query`, async () => {
    await using opened = await open();
    const { memberships, messages, lane } = opened.storage;
    await createGroups(opened.storage, 1, 2);
    for (const n of [1, 2]) {
      const id = conversationId(n);
      await lane.commit(conversationFence(n), [
        memberships.put(id, [member(1), member(2)]),
        ...messages.append([sent(1, { conversation: id, sender: person(n) })]),
      ]);
    }
    await lane.commit(conversationFence(1), [messages.sweep(ID, { from: 1, to: 1 })]);
    const asked = (one: number, two: number) =>
      messages.spoken([
        { conversation: ID, user: accountId(one) },
        { conversation: conversationId(2), user: accountId(two) },
        { conversation: conversationId(3), user: accountId(1) },
      ]);
    assert.deepEqual(await asked(1, 1), new Set([ID]));
    assert.deepEqual(await asked(2, 2), new Set([conversationId(2)]));
    assert.deepEqual(await asked(1, 2), new Set([ID, conversationId(2)]));
    assert.deepEqual(await messages.spoken([]), new Set());
  });
}
