import { FullRoom } from "../load/full_room.ts";
import { Cluster } from "../servers/cluster.ts";
import { openRoom } from "../servers/contenders.ts";
import { trafficOf } from "../servers/nats_traffic.ts";
import { delay } from "../wait.ts";

export interface BusLoad {
  /** How many viewers the room has, one window after the other; they stay. */
  readonly viewers: readonly number[];
  readonly nodes: number;
  readonly talkers: number;
  /** Messages offered a second. */
  readonly rate: number;
  readonly seed: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface BusBytes {
  readonly viewers: number;
  readonly ticksPerSecond: number;
  /** Of the room's events, as the message server takes them in, and as it hands them to all nodes. */
  readonly eventsIn: number;
  readonly eventsOut: number;
  /** Commands and their answers, everything but events, as the message server takes them in. */
  readonly commandsIn: number;
  /** What all viewers together get over their sockets. */
  readonly sockets: number;
}

/** Bytes for each tick of one room of a fresh cluster, while its audience grows. */
export async function measureBusBytes(load: BusLoad): Promise<BusBytes[]> {
  const { nodes, talkers } = load;
  await using cluster = await Cluster.start({ nodes });
  const audiences = cluster.nodes.map(({ url }) => url);
  const rooms = [await openRoom(audiences[0]!)];
  const venue = { dialect: "barrage", rooms, audiences, stage: audiences[0]! } as const;
  const [first, ...more] = load.viewers;
  await using crowd = await FullRoom.meet(venue, { viewers: first!, talkers, watchers: 0 });
  const snapshot = async () => {
    const [count, events, commands] = await Promise.all([
      crowd.count(),
      trafficOf(cluster.nats, "bulk"),
      trafficOf(cluster.nats, "control"),
    ]);
    return { at: performance.now(), count, events, commands };
  };
  const measure = async (viewers: number): Promise<BusBytes> => {
    await delay(load.warmUpMs);
    await crowd.restart();
    const before = await snapshot();
    await delay(load.windowMs);
    const after = await snapshot();
    const { accepted, refused } = await crowd.report();
    // What the talkers get besides the room's frames are the answers to what they say.
    const ticks = (after.count.frames - before.count.frames - accepted - refused) / viewers;
    return {
      viewers,
      ticksPerSecond: ticks / (after.at - before.at) * 1_000,
      eventsIn: (after.events.bytesIn - before.events.bytesIn) / ticks,
      eventsOut: (after.events.bytesOut - before.events.bytesOut) / ticks,
      commandsIn: (after.commands.bytesIn - before.commands.bytesIn) / ticks,
      sockets: (after.count.bytes - before.count.bytes) / ticks,
    };
  };

  await crowd.talk(load.rate, load.seed);
  const results = [await measure(first!)];
  for (const viewers of more) {
    const present = results.at(-1)!.viewers;
    await crowd.enter({ viewers: viewers - present, talkers: 0, watchers: 0 });
    results.push(await measure(viewers));
  }
  return results;
}
