import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { AesGcmBodies } from "storage/aes_gcm_bodies.ts";
import type { BodyPlace } from "storage/body_cipher.ts";
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

Deno.test("[Q18] what is sealed for a part of an answer or a thread opens for no other, and for no message", () => {
  const id = conversationId(1);
  const places: BodyPlace[] = [
    { conversation: id, seq: 1 },
    { answer: id, part: "request" },
    { answer: id, part: "text" },
    { answer: conversationId(2), part: "text" },
    { thread: id, part: "title" },
    { thread: id, part: 1 },
    { thread: id, part: 2 },
  ];
  for (const [index, place] of places.entries()) {
    const sealed = cipher.seal(place, "hello");
    assert.equal(cipher.open(place, sealed), "hello");
    for (const other of places.toSpliced(index, 1)) assert.throws(() => cipher.open(other, sealed));
  }
});

Deno.test("[D116] the same text never looks the same", () => {
  const bodies = Array.from({ length: 100 }, () => cipher.seal(place, "hello").body);
  assert.equal(new Set(bodies).size, 100);
});

Deno.test("[D116] a key has 32 bytes, and there is one", () => {
  assert.throws(() => new AesGcmBodies(new Map([[1, new Uint8Array(16)]])), /32 bytes/);
  assert.throws(() => new AesGcmBodies(new Map()), /without a key/);
});
