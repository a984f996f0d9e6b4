import { Buffer } from "node:buffer";
import { AesGcmBodies } from "./aes_gcm_bodies.ts";
import { type BodyCipher, PLAIN_BODIES } from "./body_cipher.ts";

const KEY_BYTES = 32;
const FILE = "message_keys";

/**
 * @param given `VERSION:BASE64` with commas or lines between; when missing, the file `message_keys` of the directory is
 * read. Without either nothing is sealed.
 * @throws {Error} when a key is not 32 bytes, or a version stands there twice.
 */
export async function loadBodyCipher(given: string | undefined, directory: string): Promise<BodyCipher> {
  const text = given ?? await readIfThere(`${directory}/${FILE}`);
  if (text === undefined) return PLAIN_BODIES;
  const keys = new Map<number, Uint8Array>();
  for (const line of text.split(/[,\n]/).map((line) => line.trim()).filter((line) => line !== "")) {
    const [, version, base64 = ""] = /^(\d{1,9}):(\S+)$/.exec(line) ?? [];
    const key = Buffer.from(base64, "base64");
    if (version === undefined || key.length !== KEY_BYTES) {
      throw new Error(
        `Cannot use the message keys: each must be VERSION:KEY, its key ${KEY_BYTES} bytes in base64`,
      );
    }
    if (keys.has(Number(version))) {
      throw new Error(`Cannot use the message keys: version ${version} stands there twice`);
    }
    keys.set(Number(version), new Uint8Array(key));
  }
  return new AesGcmBodies(keys);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
