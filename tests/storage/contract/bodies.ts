import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { AesGcmBodies } from "storage/aes_gcm_bodies.ts";
import { type BodyCipher, PLAIN_BODIES } from "storage/body_cipher.ts";
import type { ReportRecord } from "storage/report_storage.ts";
import type { DatabaseStorage } from "storage/database_storage.ts";
import {
  conversationFence,
  conversationId,
  createGroups,
  message,
  sent,
  sents,
  texts,
} from "./conversation_records.ts";

export const SAID = "SELECT body FROM conversation_message UNION ALL SELECT body FROM message_report";

/** A database that is opened several times, one after the other. */
export interface Reopened extends AsyncDisposable {
  open(bodies: BodyCipher): Promise<DatabaseStorage>;
  /** As they lie there, in the column `body` of what the query gives. */
  bodies(query?: string): Promise<string[]>;
}

const key = (fill: number) => new Uint8Array(32).fill(fill);
const FIRST = new AesGcmBodies(new Map([[1, key(1)]]));
const BOTH = new AesGcmBodies(new Map([[2, key(2)], [1, key(1)]]));
const SECOND = new AesGcmBodies(new Map([[2, key(2)]]));

async function append(storage: DatabaseStorage, from: number, to: number): Promise<void> {
  await storage.lane.commit(conversationFence(1), storage.messages.append(sents(from, to)));
}

async function resealAll({ messages }: DatabaseStorage): Promise<number> {
  let resealed = 0;
  let page: Awaited<ReturnType<typeof messages.reseal>>;
  while ((page = await messages.reseal(page, 4)) !== undefined) resealed += page.resealed;
  return resealed;
}

const said = (to: number) => Array.from({ length: to }, (_, index) => `message ${index + 1}`);

export function testBodies(name: string, prepare: () => Promise<Reopened>): void {
  Deno.test(`[D114] ${name}: sealed bodies are read with their key, and never lie open`, async () => {
    await using database = await prepare();
    {
      await using storage = await database.open(FIRST);
      await createGroups(storage, 1);
      await append(storage, 1, 3);
      await storage.lane.commit(conversationFence(1), [
        storage.messages.rewrite(message(2, { version: 4, text: "弹幕 🎉" })),
      ]);
      assert.deepEqual(await texts(storage), ["message 1", "弹幕 🎉", "message 3"]);
      const bodies = await database.bodies();
      assert.equal(new Set(bodies).size, 3);
      for (const body of bodies) assert.doesNotMatch(Buffer.from(body, "base64").toString(), /message|弹/);
    }
    for (const [cipher, wanted] of [[SECOND, "message key 1"], [PLAIN_BODIES, "message key 1"]] as const) {
      await using storage = await database.open(cipher);
      await assert.rejects(texts(storage), new RegExp(wanted));
    }
  });

  Deno.test(`[D123] ${name}: reports are sealed and resealed; of swept messages there is nothing to reseal`, async () => {
    await using database = await prepare();
    const report: ReportRecord = {
      ...{ id: conversationId(9), at: 1, reporter: message(1).sender, reason: "spam", state: "open" },
      ...{ note: "my note", message: message(1) },
    };
    {
      await using storage = await database.open(FIRST);
      await createGroups(storage, 1);
      await append(storage, 1, 2);
      await storage.lane.commit(conversationFence(1), [
        storage.reports.put(report),
        storage.messages.sweep(conversationId(1), { from: 1, to: 1 }),
      ]);
      const [swept, ...sealed] = (await database.bodies()).sort();
      assert.equal(swept, "");
      assert.equal(sealed.length, 2);
      for (const body of sealed) assert.doesNotMatch(Buffer.from(body, "base64").toString(), /message|note/);
    }
    {
      await using storage = await database.open(BOTH);
      assert.equal(await resealAll(storage), 1);
      const page = { last: report.id, looked: 1, resealed: 1 };
      assert.deepEqual(await storage.reports.reseal(undefined, 4), page);
      assert.deepEqual(await storage.reports.reseal(undefined, 4), { ...page, resealed: 0 });
      assert.equal(await storage.reports.reseal(report.id, 4), undefined);
    }
    await using storage = await database.open(SECOND);
    assert.deepEqual(await storage.reports.read(report.id), report);
    assert.deepEqual(await texts(storage), ["message 2"]);
  });

  Deno.test(`[D115] ${name}: the newest key seals, and resealing brings every body to it, page by page`, async () => {
    await using database = await prepare();
    {
      await using storage = await database.open(PLAIN_BODIES);
      await createGroups(storage, 1, 2);
      await append(storage, 1, 5);
      const other = sent(1, { conversation: conversationId(2) });
      await storage.lane.commit(conversationFence(2), storage.messages.append([other]));
    }
    {
      await using storage = await database.open(FIRST);
      await append(storage, 6, 8);
      assert.deepEqual(await texts(storage), said(8));
    }
    {
      await using storage = await database.open(BOTH);
      await append(storage, 9, 9);
      assert.equal(await resealAll(storage), 9);
      assert.equal(await resealAll(storage), 0);
    }
    await using storage = await database.open(SECOND);
    assert.deepEqual(await texts(storage), said(9));
    assert.deepEqual(await texts(storage, 2), ["message 1"]);
  });
}
