import type { Caller } from "actors/runtime/caller.ts";

/** Somebody whose token was checked: a person, or a program with its API key. */
export type SignedIn = Extract<Caller, { kind: "user" | "service" }>;

export interface Verified {
  readonly caller: SignedIn;
  /** Of the token, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface Verifier {
  /** @throws {BarrageError} `unauthenticated`, without saying which check failed. */
  verify(token: string): Promise<Verified>;
}

/** What ends the token before its time is over, once it is among the revoked: its session, or its key. */
export function revocableId(caller: SignedIn): string {
  return caller.kind === "user" ? caller.session : caller.user.id;
}

/** Whether both tokens stand for the same user in the same session, or for the same key. */
export function isSame(one: SignedIn, other: SignedIn): boolean {
  return one.user.id === other.user.id && revocableId(one) === revocableId(other);
}
