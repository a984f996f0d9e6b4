import type { Ticket } from "./definition.ts";

type Asked = Pick<Ticket, "answer" | "digest">;

/** Which answer is made for which request, while it waits or is being made. */
export class Digests {
  readonly #answers = new Map<string, string>();

  /** The answer that somebody else's same request is merged into. */
  other({ answer, digest }: Asked): string | undefined {
    const known = digest === undefined ? undefined : this.#answers.get(digest);
    return known === answer ? undefined : known;
  }

  add({ answer, digest }: Asked): void {
    if (digest !== undefined && !this.#answers.has(digest)) this.#answers.set(digest, answer);
  }

  delete({ answer, digest }: Asked): void {
    if (digest !== undefined && this.#answers.get(digest) === answer) this.#answers.delete(digest);
  }
}
