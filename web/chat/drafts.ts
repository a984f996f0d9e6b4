/** Conversations whose unfinished words are kept; the longest untouched are forgotten first. */
const DRAFTS_MAX = 50;

/** What somebody has begun to write and not sent, while the page is open. */
export class Drafts {
  readonly #texts = new Map<string, string>();

  of(conversation: string): string {
    return this.#texts.get(conversation) ?? "";
  }

  keep(conversation: string, text: string): void {
    this.#texts.delete(conversation);
    if (text.trim() === "") return;
    this.#texts.set(conversation, text);
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= DRAFTS_MAX) return;
      this.#texts.delete(oldest);
    }
  }
}
