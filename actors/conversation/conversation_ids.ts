import { createHash } from "node:crypto";

const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 26;
const DIGITS = 9;

/**
 * The conversation of two users, the same whoever asks. 127 bits of SHA-256 behind a first bit that is set, as in no
 * ULID made before the year 6429: nobody can make a group whose id is that of other people's conversation.
 */
export function directId(one: string, other: string): string {
  const [first, second] = one < other ? [one, other] : [other, one];
  return idOf(`direct ${first} ${second}`, true);
}

/** The group that a user makes under an id of his client's: made again, it is the same one, and nobody else's. */
export function groupId(user: string, clientId: string): string {
  return idOf(`group ${user} ${clientId}`, false);
}

export function isDirectId(id: string): boolean {
  return id.charAt(0) >= "4";
}

/** The number by which people find a group: follows from its id, so that a second try finds the same one. */
export function groupNumber(id: string, attempt: number): string {
  const number = BigInt(`0x${hash(`number ${id} ${attempt}`)}`) % 900_000_000n + 100_000_000n;
  return String(number).padStart(DIGITS, "0");
}

/** 128 bits as 26 characters of five, as a ULID is written (github.com/ulid/spec). */
function idOf(name: string, direct: boolean): string {
  const high = 1n << 127n;
  const bits = BigInt(`0x${hash(name)}`) >> 128n;
  let rest = direct ? bits | high : bits & (high - 1n);
  let id = "";
  for (let n = 0; n < CHARACTERS; n++, rest >>= 5n) id = BASE32.charAt(Number(rest & 31n)) + id;
  return id;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
