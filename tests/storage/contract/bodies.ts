import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { AesGcmBodies } from "storage/aes_gcm_bodies.ts";
import { type BodyCipher, PLAIN_BODIES } from "storage/body_cipher.ts";
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

/** A database that is opened several times, one after the other. */
export interface Reopened extends AsyncDisposable {
  open(bodies: BodyCipher): Promise<DatabaseStorage>;
  /** As the bodies lie there. */
  bodies(): Promise<string[]>;
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
