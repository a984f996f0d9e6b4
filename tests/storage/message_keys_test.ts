import assert from "node:assert/strict";
import { PLAIN_BODIES } from "storage/body_cipher.ts";
import { loadBodyCipher } from "storage/message_keys.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill).toBase64();
const place = { conversation: "c", seq: 1 };

Deno.test("[D117] message keys come from the environment, or else from their file; without any nothing is sealed", async () => {
  const directory = await Deno.makeTempDir();
  assert.equal(await loadBodyCipher(undefined, directory), PLAIN_BODIES);
  await Deno.writeTextFile(`${directory}/message_keys`, `1:${key(1)}\n\n  3:${key(3)}\n`);
  const fromFile = await loadBodyCipher(undefined, directory);
  assert.equal(fromFile.keyVersion, 3);
  const given = await loadBodyCipher(`2:${key(2)}, 1:${key(1)}`, directory);
  assert.equal(given.keyVersion, 2);
  const first = await loadBodyCipher(`1:${key(1)}`, directory);
  assert.equal(fromFile.open(place, first.seal(place, "hello")), "hello");
  assert.equal(given.open(place, first.seal(place, "hello")), "hello");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("[D117] a key that cannot be used stops the start, and is not shown", async () => {
  const short = new Uint8Array(31).toBase64();
  for (const keys of [short, `1:${short}`, `x:${key(1)}`, `1:${key(1)},1:${key(2)}`, ""]) {
    await assert.rejects(loadBodyCipher(keys, "."), (error) => {
      assert(error instanceof Error);
      return error.message.startsWith("Cannot") && !error.message.includes(short);
    });
  }
});
