import { mergeKey } from "protocol/text.ts";
import type { SayItem } from "../protocol_types.ts";

const REMEMBER_MS = 5_000;
const REMEMBER_MAX = 30;

/** Tells which danmaku are one's own, also when they were merged with those of others. */
export class Authorship {
  readonly #userId: () => string | undefined;
  #said: { key: string; at: number }[] = [];

  constructor(userId: () => string | undefined) {
    this.#userId = userId;
  }

  said(text: string): void {
    this.#said = [...this.#said, { key: mergeKey(text), at: performance.now() }].slice(-REMEMBER_MAX);
  }

  isOwn(item: SayItem): boolean {
    const id = this.#userId();
    if (item.user.id === id || item.others?.some((other) => other.id === id)) return true;
    if (item.count < 2) return false;
    const key = mergeKey(item.text);
    return this.#said.some((said) => said.key === key && performance.now() - said.at < REMEMBER_MS);
  }
}
