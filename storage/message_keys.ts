import { AesGcmBodies } from "./aes_gcm_bodies.ts";
import { type BodyCipher, PLAIN_BODIES } from "./body_cipher.ts";
import { readIfThere, readMasterKeys } from "./master_keys.ts";

const FILE = "message_keys";

/**
 * @param given `VERSION:BASE64` with commas or lines between; when missing, the file `message_keys` of the directory is
 * read. Without either nothing is sealed.
 * @throws {Error} when a key is not 32 bytes, or a version stands there twice.
 */
export async function loadBodyCipher(given: string | undefined, directory: string): Promise<BodyCipher> {
  const text = given ?? await readIfThere(`${directory}/${FILE}`);
  return text === undefined ? PLAIN_BODIES : new AesGcmBodies(readMasterKeys(text, "message keys"));
}
