import { FullRoom } from "../load/full_room.ts";
import type { Contender, Server } from "../servers/server.ts";
import { delay } from "../wait.ts";

const LOOK_EVERY_MS = 500;
const STEADY_LOOKS = 6;
const STEADY_WITHIN = 0.01;

export interface IdleLoad {
  /** Viewers who are there before the first look, so that the server has warmed up. */
  readonly base: number;
  /** Viewers who enter between the two looks. */
  readonly more: number;
  readonly settleMaxMs: number;
}

export interface IdleMemory {
  readonly server: string;
  /** Resident memory when the base viewers, and when all are there. */
  readonly baseBytes: number;
  readonly fullBytes: number;
  readonly bytesPerViewer: number;
  readonly lost: number;
}

/** What one more viewer costs who has joined and says nothing, in resident memory of the server's process. */
export async function measureIdleMemory(contender: Contender, load: IdleLoad): Promise<IdleMemory> {
  await using server = await contender.start();
  await using room = await FullRoom.gather(contender, server, {
    viewers: load.base,
    talkers: 0,
    watchers: 0,
  });
  const baseBytes = await settledBytes(server, load.settleMaxMs);
  await room.enter({ viewers: load.more, talkers: 0, watchers: 0 });
  const fullBytes = await settledBytes(server, load.settleMaxMs);
  const { lost } = await room.count();
  return {
    server: contender.name,
    baseBytes,
    fullBytes,
    bytesPerViewer: (fullBytes - baseBytes) / load.more,
    lost,
  };
}

/** Resident memory once it has stayed within 1 % for 3 s, or after `maxMs`. */
async function settledBytes(server: Server, maxMs: number): Promise<number> {
  const looks: number[] = [];
  for (const end = performance.now() + maxMs; performance.now() < end; await delay(LOOK_EVERY_MS)) {
    looks.push(await server.residentBytes());
    const last = looks.slice(-STEADY_LOOKS);
    if (last.length === STEADY_LOOKS && Math.max(...last) <= Math.min(...last) * (1 + STEADY_WITHIN)) break;
  }
  return looks.at(-1)!;
}
