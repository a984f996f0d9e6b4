import { SHARDS } from "storage/storage.ts";

/** FNV-1a, 32 bit (draft-eastlake-fnv), over the UTF-16 units of `text`. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

export function shardOf(kind: string, key: string): number {
  return hash32(`${kind}:${key}`) % SHARDS;
}

/**
 * Rendezvous hashing (Thaler and Ravishankar 1998): which of `nodes` should own the shard. A node that comes or goes
 * moves only the shards it gains or loses.
 */
export function wish(shard: number, nodes: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestScore = -1;
  for (const node of nodes) {
    // FNV alone mixes its last bytes poorly; the multiply-xor finish spreads the score (Appleby, MurmurHash3 fmix32).
    let score = hash32(`${node}/${shard}`);
    score = Math.imul(score ^ (score >>> 16), 0x85ebca6b);
    score = Math.imul(score ^ (score >>> 13), 0xc2b2ae35);
    score = (score ^ (score >>> 16)) >>> 0;
    if (score > bestScore || (score === bestScore && best !== undefined && node < best)) {
      best = node;
      bestScore = score;
    }
  }
  return best;
}
