import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { AnswerVerb } from "./definition.ts";
import type { Journal } from "./journal.ts";
import { authorize } from "./permissions.ts";

/** Whose an answer is: of all those who have asked for it and still want it. */
export class Askers {
  readonly #journal: Journal;
  readonly #guests: boolean;

  /** @param guests Whether guests may ask. */
  constructor(journal: Journal, guests: boolean) {
    this.#journal = journal;
    this.#guests = guests;
  }

  /** @throws {BarrageError} `unauthenticated`, `forbidden`. */
  authorize(verb: AnswerVerb, caller: Caller): void {
    authorize(verb, caller, this.include(userOf(caller)), this.#guests);
  }

  include(user: string | undefined): boolean {
    return this.#journal.exists && this.#journal.record.askers.some(({ id }) => id === user);
  }

  without(user: string): readonly User[] {
    return this.#journal.record.askers.filter(({ id }) => id !== user);
  }

  /** @throws {BarrageError} `conflict` when it is somebody else's; what nobody asked for is the server's own. */
  claim(caller: Caller): void {
    const own = caller.kind === "system" && this.#journal.record.askers.length === 0;
    if (!own && !this.include(userOf(caller))) {
      throw new BarrageError("conflict", "Another answer has this id");
    }
  }
}

export function userOf(caller: Caller): string | undefined {
  return caller.kind === "user" || caller.kind === "service" ? caller.user.id : undefined;
}
