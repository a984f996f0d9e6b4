/** One event of a stream, in characters. */
export const EVENT_CHARS_MAX = 1_048_576;
/** A whole stream of text, in bytes as they come: 128 Ki tokens of 250 bytes each. */
export const STREAM_BYTES_MAX = 33_554_432;
/** What is read of a refusal. */
export const REFUSAL_BYTES_MAX = 65_536;
export const FILE_BYTES_MAX = 26_214_400;
/** JSON around a file in base64. */
export const FILE_JSON_BYTES_MAX = Math.ceil(FILE_BYTES_MAX * 4 / 3) + 65_536;
/** Events that are no JSON are skipped up to here; more of them are another protocol. */
export const BAD_EVENTS_MAX = 8;
/** How long a body that has said everything may take to end, before we hang up. */
export const DRAIN_MS = 2_000;
/** What an upstream may ask us to wait; beyond, it is out of order and the pool's own times hold. */
export const RETRY_AFTER_MAX_MS = 7 * 86_400_000;
