import { SHARDS } from "storage/storage.ts";
import { linesOf } from "tests/support/ledger_actor.ts";
import type { World } from "./world.ts";

/** What a run has done that must not be; empty when all is well. */
export async function violationsOf(world: World): Promise<string[]> {
  const wrong: string[] = [];
  wrong.push(...world.overlaps.map((key) => `two turns of ${key} ran at once`));
  wrong.push(...fencing(world), ...answers(world), ...await ownership(world));
  for (const key of world.keys) wrong.push(...await stored(world, key));
  return wrong;
}

/** Commits of one actor never go back to an older epoch, and one epoch belongs to one process. */
function fencing({ commits }: World): string[] {
  const wrong: string[] = [];
  const last = new Map<string, (typeof commits)[number]>();
  for (const commit of commits) {
    const { key, epoch, process } = commit;
    const before = last.get(key);
    last.set(key, commit);
    if (before === undefined || before.epoch < epoch) continue;
    if (before.epoch > epoch) wrong.push(`${key}: epoch ${epoch} wrote after ${before.epoch}`);
    else if (before.process !== process) {
      wrong.push(`${key}: ${process.name} and ${before.process.name} both wrote under epoch ${epoch}`);
    }
  }
  return wrong;
}

function answers({ sent, armed }: World): string[] {
  const wrong: string[] = [];
  for (const { host, state, text, probe } of [...sent, ...armed]) {
    if (state === "open" && host.process.alive) wrong.push(`${text} to ${host.id} was never answered`);
    if (state === "moved") wrong.push(`${text} to ${host.id} was answered "moved"`);
    if (state === "internal") wrong.push(`${text} to ${host.id} was answered "internal"`);
    if (probe && state !== "acked") wrong.push(`${text} to ${host.id}: ${state}, though all is well again`);
  }
  return wrong;
}

/** When all is well again, every shard has one owner, who knows of it under the epoch that the database has. */
async function ownership({ database, hosts }: World): Promise<string[]> {
  const wrong: string[] = [];
  const shards = await database.ownership.shards();
  for (const { n, owner, epoch } of shards) {
    for (const { id, node } of hosts) {
      const mine = node.ownership.epochOf(n);
      if (owner === id ? mine !== epoch : mine !== undefined) {
        wrong.push(`shard ${n} is ${owner}'s under ${epoch}, ${id} has it under ${mine}`);
      }
    }
    if (!hosts.some(({ id }) => id === owner)) wrong.push(`shard ${n} has no living owner, but ${owner}`);
  }
  return shards.length === SHARDS ? wrong : [...wrong, `there are ${shards.length} shards`];
}

async function stored({ database, sent, armed, clocksRight }: World, key: string): Promise<string[]> {
  const wrong: string[] = [];
  const items = await database.rooms.itemsAfter(key, 0, 1_000);
  if (items.some(({ item }, index) => item.offset !== index + 1)) {
    wrong.push(`${key}: the offsets have a hole`);
  }
  const lines = await linesOf(database.rooms, key);
  const places = new Map(lines.map((line, index) => [line, index]));
  if (places.size !== lines.length) {
    const twice = lines.filter((line, index) => lines.indexOf(line) !== index);
    wrong.push(`${key}: stored twice: ${twice.join(", ")}`);
  }
  const mine = sent.filter((one) => one.key === key);
  const lastOf = new Map<string, { text: string; place: number }>();
  for (const { sender, text, state } of mine) {
    const place = places.get(text);
    if (place === undefined) {
      if (state === "acked") wrong.push(`${key}: acked and lost: ${text}`);
      continue;
    }
    if (state === "expired" || state === "overloaded") {
      wrong.push(`${key}: ${text} was called ${state}, and ran`);
    }
    const last = lastOf.get(sender);
    if (state === "acked" && last !== undefined && last.place > place) {
      wrong.push(`${key}: ${text} of ${sender} overtook ${last.text}`);
    }
    if (state === "acked") lastOf.set(sender, { text, place });
  }
  // A machine whose clock is an hour wrong rings an hour early or late.
  if (clocksRight) {
    for (const { text, state, key: of } of armed) {
      if (of === key && state === "acked" && !places.has(text)) wrong.push(`${key}: ${text} never rang`);
    }
  }
  return wrong;
}
