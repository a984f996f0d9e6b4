import { BarrageError } from "protocol/errors.ts";
import { BUS_MAX_BYTES, type Headers } from "./bus.ts";
import { checkSubject } from "./subjects.ts";

export const NO_HEADERS: Headers = Object.freeze({});

const HEADER_NAME = /^[\x21-\x39\x3b-\x7e]+$/;
const HEADER_VALUE = /^(?:[\x21-\x7e]|[\x21-\x7e][\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Checks a message before it is sent and returns its bytes as brokers count them.
 *
 * @throws {BarrageError} `invalid_request` or `too_large`
 */
export function checkMessage(
  subject: string,
  data: Uint8Array,
  headers: Headers,
  maxBytes = BUS_MAX_BYTES,
): number {
  checkSubject(subject);
  return checkContent(data, headers, maxBytes);
}

/** As `checkMessage`, for an answer: it goes to a subject that the asker chose. */
export function checkContent(data: Uint8Array, headers: Headers, maxBytes = BUS_MAX_BYTES): number {
  const bytes = data.byteLength + headerBytes(headers);
  if (bytes > maxBytes) {
    throw new BarrageError("too_large", `Cannot send ${bytes} bytes: the bus takes ${maxBytes}`);
  }
  return bytes;
}

/** Headers travel as text: a line of ten characters with the version, `name: value` lines and an empty one. */
function headerBytes(headers: Headers): number {
  if (headers === NO_HEADERS) return 0;
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name]!;
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw new BarrageError(
        "invalid_request",
        `Cannot send header ${JSON.stringify(name)}: it must be ASCII, without spaces around the value`,
      );
    }
    bytes += name.length + value.length + 4;
  }
  return bytes === 0 ? 0 : bytes + 12;
}
