import type { Contender, Server } from "../servers/server.ts";
import type { CrowdReport } from "./commands.ts";
import { CrowdProcess } from "./crowd_client.ts";
import type { DialectName } from "./dialects/mod.ts";
import type { Count } from "./members.ts";

/** Viewers enter in so many slices, a watcher between each: watchers are served early and late in every broadcast. */
const SLICES = 20;
const AUDIENCES = 2;

export interface Attendance {
  /** All members: plain viewers, talkers and watchers. */
  readonly viewers: number;
  readonly talkers: number;
  readonly watchers: number;
}

/** Where a crowd meets. */
export interface Venue {
  readonly dialect: DialectName;
  readonly rooms: readonly string[];
  /** Whom the processes of viewers connect to: one process for each of these. */
  readonly audiences: readonly string[];
  /** Whom the talkers and watchers connect to. */
  readonly stage: string;
}

/** Rooms with everyone in them, spread over several processes: some of viewers, one that talks. */
export class FullRoom implements AsyncDisposable {
  readonly #audiences: readonly CrowdProcess[];
  readonly #stage: CrowdProcess;

  private constructor(audiences: readonly CrowdProcess[], stage: CrowdProcess) {
    this.#audiences = audiences;
    this.#stage = stage;
  }

  /** In one room of one server. */
  static async gather(contender: Contender, { origin }: Server, attendance: Attendance): Promise<FullRoom> {
    const rooms = [await contender.openRoom(origin)];
    const audiences = Array.from({ length: AUDIENCES }, () => origin);
    return await FullRoom.meet({ dialect: contender.dialect, rooms, audiences, stage: origin }, attendance);
  }

  static async meet({ dialect, rooms, audiences, stage }: Venue, attendance: Attendance): Promise<FullRoom> {
    const process = (origin: string) => new CrowdProcess(dialect, origin, rooms);
    const full = new FullRoom(audiences.map(process), process(stage));
    try {
      await full.enter(attendance);
      return full;
    } catch (error) {
      await full[Symbol.asyncDispose]();
      throw error;
    }
  }

  async enter({ viewers, talkers, watchers }: Attendance): Promise<void> {
    const plain = viewers - talkers - watchers;
    for (let slice = 0; slice < SLICES; slice++) {
      await Promise.all(this.#audiences.map((crowd, nth) =>
        crowd.do({
          do: "enter",
          viewers: share(share(plain, nth, this.#audiences.length), slice, SLICES),
          talkers: 0,
          watchers: 0,
        })
      ));
      await this.#stage.do({
        do: "enter",
        viewers: 0,
        talkers: share(talkers, slice, SLICES),
        watchers: share(watchers, slice, SLICES),
      });
    }
  }

  async talk(rate: number, seed: number): Promise<void> {
    await this.#stage.do({ do: "talk", rate, seed });
  }

  async restart(): Promise<void> {
    await this.#stage.do({ do: "restart" });
  }

  async hush(): Promise<void> {
    await this.#stage.do({ do: "hush" });
  }

  async report(): Promise<CrowdReport> {
    return await this.#stage.do({ do: "report" });
  }

  async count(): Promise<Count> {
    const counts = await Promise.all(
      [...this.#audiences, this.#stage].map((crowd) => crowd.do({ do: "count" })),
    );
    return counts.reduce(addCounts);
  }

  /** CPU seconds of the busiest process; near the wall clock's, the load and not the server is the limit. */
  async cpuSeconds(): Promise<number[]> {
    return await Promise.all([...this.#audiences, this.#stage].map((crowd) => crowd.cpuSeconds()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#audiences, this.#stage].map((crowd) => crowd[Symbol.asyncDispose]()));
  }
}

/** The nth of `parts` whole parts of `total`; together they are exactly `total`. */
function share(total: number, nth: number, parts: number): number {
  return Math.floor(total * (nth + 1) / parts) - Math.floor(total * nth / parts);
}

function addCounts(a: Count, b: Count): Count {
  return {
    members: a.members + b.members,
    lost: a.lost + b.lost,
    frames: a.frames + b.frames,
    bytes: a.bytes + b.bytes,
    sampled: a.sampled + b.sampled,
    deliveries: a.deliveries + b.deliveries,
    dropped: a.dropped + b.dropped,
  };
}
