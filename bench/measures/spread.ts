import { type Attendance, FullRoom } from "../load/full_room.ts";
import { Cluster } from "../servers/cluster.ts";
import { openRoom } from "../servers/contenders.ts";
import { delay } from "../wait.ts";

export interface SpreadLoad extends Attendance {
  readonly rooms: number;
  /** Messages offered a second, in all rooms together. */
  readonly rate: number;
  readonly seed: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface Spread {
  readonly nodes: number;
  /** Share of one core, all nodes together. */
  readonly cpu: number;
  readonly framesPerViewerSecond: number;
  /** CPU time of all nodes together for one frame at one viewer, in microseconds. */
  readonly cpuPerFrameUs: number;
  /** CPU time of all nodes together for one viewer and second, in microseconds. */
  readonly cpuPerViewerUs: number;
  readonly accepted: number;
  readonly offered: number;
  readonly lost: number;
}

/** As many processes of viewers whatever the number of nodes, so that the crowd itself is always the same. */
const AUDIENCES = 3;

/** The same crowd in the same rooms, spread evenly over so many nodes of a fresh cluster. */
export async function measureSpread(nodes: number, load: SpreadLoad): Promise<Spread> {
  await using cluster = await Cluster.start({ nodes });
  const origins = cluster.nodes.map(({ url }) => url);
  const rooms = await Promise.all(Array.from({ length: load.rooms }, () => openRoom(origins[0]!)));
  const audiences = Array.from({ length: AUDIENCES }, (_, nth) => origins[nth % nodes]!);
  await using crowd = await FullRoom.meet({ dialect: "barrage", rooms, audiences, stage: origins[0]! }, load);
  const snapshot = async () => {
    const [cpu, count] = await Promise.all([cluster.cpuSeconds(), crowd.count()]);
    return { at: performance.now(), cpu, count };
  };

  await crowd.talk(load.rate, load.seed);
  await delay(load.warmUpMs);
  await crowd.restart();
  const before = await snapshot();
  await delay(load.windowMs);
  const after = await snapshot();
  const { accepted, offered } = await crowd.report();

  const seconds = (after.at - before.at) / 1_000;
  const cpu = after.cpu - before.cpu;
  const frames = after.count.frames - before.count.frames;
  return {
    nodes,
    cpu: cpu / seconds,
    framesPerViewerSecond: frames / load.viewers / seconds,
    cpuPerFrameUs: cpu / frames * 1e6,
    cpuPerViewerUs: cpu / load.viewers / seconds * 1e6,
    accepted,
    offered,
    lost: after.count.lost,
  };
}
