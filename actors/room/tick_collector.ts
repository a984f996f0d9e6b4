import type { Item, SayStyle } from "protocol/items.ts";
import { mergeKey } from "protocol/text.ts";
import type { User } from "protocol/users.ts";
import type { ItemRecord } from "storage/storage.ts";

const OTHERS_MAX = 2;

export interface Utterance {
  readonly user: User;
  readonly text: string;
  readonly style: SayStyle | undefined;
  readonly clientId: string | undefined;
  /** By an AI. */
  readonly assistant?: true;
}

interface Merged {
  readonly first: Utterance;
  readonly others: User[];
  readonly said: [user: string, clientId: string][];
  count: number;
}

/** What was said since the last tick. Equal text becomes one entry; no utterance is lost or counted twice. */
export class TickCollector {
  #entries = new Map<string, Merged>();
  #count = 0;

  /** Utterances, not entries. */
  get count(): number {
    return this.#count;
  }

  add(utterance: Utterance): void {
    // What an AI says is never taken for a person's.
    const key = `${utterance.assistant ? "\n" : ""}${mergeKey(utterance.text)}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { first: utterance, others: [], said: [], count: 0 };
      this.#entries.set(key, entry);
    } else if (entry.others.length < OTHERS_MAX && isNew(entry, utterance.user)) {
      entry.others.push(utterance.user);
    }
    entry.count++;
    this.#count++;
    if (utterance.clientId !== undefined) entry.said.push([utterance.user.id, utterance.clientId]);
  }

  /** The entries as items that follow `head` and `total`, in the order their texts were first said; empties the collector. */
  take(head: number, total: number, at: number, nextId: () => string): ItemRecord[] {
    const records: ItemRecord[] = [];
    for (const { first, others, said, count } of this.#entries.values()) {
      total += count;
      const item: Item = {
        kind: "say",
        offset: ++head,
        id: nextId(),
        user: first.user,
        ...(others.length > 0 ? { others } : {}),
        text: first.text,
        count,
        ...(first.style === undefined ? {} : { style: first.style }),
        ...(first.assistant ? { assistant: true } : {}),
        at,
      };
      records.push({ item, total, said });
    }
    this.#entries = new Map();
    this.#count = 0;
    return records;
  }
}

function isNew({ first, others }: Merged, user: User): boolean {
  return first.user.id !== user.id && others.every((other) => other.id !== user.id);
}
