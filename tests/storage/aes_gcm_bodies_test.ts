import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { AesGcmBodies } from "storage/aes_gcm_bodies.ts";
import { conversationId } from "./contract/conversation_records.ts";

const cipher = new AesGcmBodies(new Map([[1, new Uint8Array(32).fill(7)]]));
const place = { conversation: conversationId(1), seq: 5 };

Deno.test("[D116] a sealed body opens at its own place only, and unchanged only", () => {
  const sealed = cipher.seal(place, "你好 🎉");
  assert.equal(cipher.open(place, sealed), "你好 🎉");
  assert.throws(() => cipher.open({ ...place, seq: 6 }, sealed));
  assert.throws(() => cipher.open({ ...place, conversation: conversationId(2) }, sealed));
  const bytes = Buffer.from(sealed.body, "base64");
  for (const index of [0, 12, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[index] = changed[index]! ^ 1;
    assert.throws(() => cipher.open(place, { ...sealed, body: changed.toString("base64") }));
  }
  assert.throws(() => cipher.open(place, { ...sealed, body: bytes.subarray(0, -1).toString("base64") }));
});

Deno.test("[D116] the same text never looks the same", () => {
  const bodies = Array.from({ length: 100 }, () => cipher.seal(place, "hello").body);
  assert.equal(new Set(bodies).size, 100);
});

Deno.test("[D116] a key has 32 bytes, and there is one", () => {
  assert.throws(() => new AesGcmBodies(new Map([[1, new Uint8Array(16)]])), /32 bytes/);
  assert.throws(() => new AesGcmBodies(new Map()), /without a key/);
});
