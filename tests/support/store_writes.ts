import type { Storage, Write } from "storage/storage.ts";

export type Stores = Omit<Storage, "lane" | "ping" | typeof Symbol.asyncDispose>;

type WritesOf<Store> = {
  [M in keyof Store]: Store[M] extends (...args: never[]) => Write | readonly Write[] ? M : never;
}[keyof Store];

/** Methods that only describe a change; it reaches the database through the lane. */
const WRITES: { readonly [P in keyof Stores]: Readonly<Record<WritesOf<Stores[P]>, true>> } = {
  accounts: {
    update: true,
    addIdentity: true,
    removeIdentity: true,
    addContact: true,
    removeContact: true,
    erase: true,
  },
  sessions: { put: true, end: true, putCode: true, removeCode: true },
  revocations: {},
  apiKeys: {},
  oidcFlows: {},
  audit: { record: true },
  rooms: { append: true, update: true, trim: true, erase: true },
  conversations: { update: true },
  memberships: { put: true },
  messages: { append: true, rewrite: true, sweep: true },
  reports: { put: true },
  lastSeen: {},
  aiPools: { lend: true, run: true, giveBack: true, rest: true, remember: true, forget: true },
  answers: { found: true, update: true, use: true, join: true },
  credentials: {},
  aiUsage: {},
  aiFiles: {},
  threads: { found: true, update: true, append: true, replace: true, erase: true },
  aiRemovals: {},
  cards: {},
  changes: {},
  switches: {},
  timers: { set: true, cancel: true, done: true },
  ownership: {},
  tokenKeys: {},
};

export function describesWrite(part: keyof Stores | "lane", method: PropertyKey): boolean {
  return part !== "lane" && Object.hasOwn(WRITES[part], method);
}
