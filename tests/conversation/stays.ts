import type { Message } from "protocol/chat.ts";

/** From one message to another somebody was a member; `version` is the last that he may know of. */
export interface Stay {
  readonly from: number;
  readonly to: number;
  readonly version: number;
}

/**
 * Who was in a group when, by its own order.
 * @throws {Error} when somebody spoke who was not in it.
 */
export function stays(messages: readonly Message[]): ReadonlyMap<string, readonly Stay[]> {
  const inside = new Map<string, number>();
  const all = new Map<string, Stay[]>();
  const open = (user: string, from: number) => inside.set(user, from);
  const close = (user: string, to: number, version: number) => {
    const from = inside.get(user);
    if (from === undefined) throw new Error(`Cannot leave twice: ${user}`);
    inside.delete(user);
    all.set(user, [...all.get(user) ?? [], { from, to, version }]);
  };
  for (const message of messages) {
    const { seq, sender, version } = message;
    if (message.kind !== "change") {
      if (!inside.has(sender.id)) throw new Error(`Message ${seq} is by somebody who was not there`);
      continue;
    }
    const { change } = message;
    if (change.what === "created") open(sender.id, seq);
    if (change.what === "joined") { for (const { id } of change.users) open(id, seq); }
    if (change.what === "left") close(sender.id, seq, version);
    if (change.what === "removed") { for (const { id } of change.users) close(id, seq, version); }
  }
  for (const user of [...inside.keys()]) close(user, Infinity, Infinity);
  return all;
}
