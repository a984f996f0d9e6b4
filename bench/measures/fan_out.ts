import { type Attendance, FullRoom } from "../load/full_room.ts";
import type { Contender } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";

export interface FanOutLoad extends Attendance {
  /** Messages offered a second; 0 for a server that makes its own frames. */
  readonly rate: number;
  readonly seed: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** How long after the window late messages may still arrive. */
  readonly graceMs: number;
}

export interface FanOut {
  readonly server: string;
  readonly seconds: number;
  readonly offered: number;
  readonly accepted: number;
  readonly refused: number;
  /** Messages delivered per viewer over messages offered; more than 1 when a backlog is worked off. */
  readonly deliveredShare: number;
  /** From saying to seeing in ms, of messages with a text of their own; Infinity when never seen. */
  readonly seenP50: number;
  readonly seenP99: number;
  readonly acceptedP50: number;
  readonly acceptedP99: number;
  readonly afterAcceptedP50: number;
  readonly framesPerViewerSecond: number;
  readonly bytesPerFrame: number;
  readonly bytesPerViewerSecond: number;
  /** What one message costs one viewer on the wire, frame headers and acknowledgements included. */
  readonly bytesPerDelivery: number;
  /** Share of one core: 1 is one core fully used. */
  readonly serverCpu: number;
  readonly busiestCrowdCpu: number;
  readonly deliveriesPerCpuSecond: number;
  readonly framesPerCpuSecond: number;
  readonly lost: number;
  readonly droppedPerViewer: number;
}

/** Fills a room of a freshly started server, lets it talk, and measures one window. */
export async function measureFanOut(contender: Contender, load: FanOutLoad): Promise<FanOut> {
  await using server = await contender.start();
  await using room = await FullRoom.gather(contender, server, load);
  const snapshot = async () => {
    const [cpu, count, crowd] = await Promise.all([server.cpuSeconds(), room.count(), room.cpuSeconds()]);
    return { at: performance.now(), cpu, count, crowd };
  };

  if (load.rate > 0) await room.talk(load.rate, load.seed);
  await delay(load.warmUpMs);
  await room.restart();
  const before = await snapshot();
  await delay(load.windowMs);
  const after = await snapshot();
  await room.hush();
  await delay(load.graceMs);
  const report = await room.report();

  const seconds = (after.at - before.at) / 1_000;
  const cpu = after.cpu - before.cpu;
  const frames = after.count.frames - before.count.frames;
  const bytes = after.count.bytes - before.count.bytes;
  const perViewer = (after.count.deliveries - before.count.deliveries) / after.count.sampled;
  const seen = report.seen.map((ms) => ms ?? Infinity);
  return {
    server: contender.name,
    seconds,
    offered: report.offered,
    accepted: report.accepted,
    refused: report.refused,
    deliveredShare: perViewer / report.offered,
    seenP50: percentile(seen, 0.5),
    seenP99: percentile(seen, 0.99),
    acceptedP50: percentile(report.accepts, 0.5),
    acceptedP99: percentile(report.accepts, 0.99),
    afterAcceptedP50: percentile(report.afterAccepted, 0.5),
    framesPerViewerSecond: frames / load.viewers / seconds,
    bytesPerFrame: bytes / frames,
    bytesPerViewerSecond: bytes / load.viewers / seconds,
    bytesPerDelivery: bytes / load.viewers / perViewer,
    serverCpu: cpu / seconds,
    busiestCrowdCpu: Math.max(...after.crowd.map((used, nth) => used - before.crowd[nth]!)) / seconds,
    deliveriesPerCpuSecond: perViewer * load.viewers / cpu,
    framesPerCpuSecond: frames / cpu,
    lost: after.count.lost,
    droppedPerViewer: (after.count.dropped - before.count.dropped) / after.count.sampled,
  };
}
