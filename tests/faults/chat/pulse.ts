import type { Clock } from "actors/runtime/clock.ts";
import type { Talker } from "./talker.ts";

const PACE_MS = 300;

/** Two in a group, of whom one says something all the time and nobody ever goes away. */
export class Pulse {
  readonly done: Promise<void>;
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  #ackedAt = 0;
  #stopping = false;

  private constructor(
    readonly talker: Talker,
    readonly listener: Talker,
    conversation: string,
    clock: Pick<Clock, "monotonic" | "after">,
  ) {
    this.#clock = clock;
    this.done = this.#run(conversation);
  }

  static async start(
    n: number,
    talker: Talker,
    listener: Talker,
    clock: Pick<Clock, "monotonic" | "after">,
  ): Promise<Pulse> {
    const { id } = await talker.found(`pulse-${n}`, { join: "open", historyForNewcomers: false });
    await listener.join(id);
    return new Pulse(talker, listener, id, clock);
  }

  get talkers(): readonly Talker[] {
    return [this.talker, this.listener];
  }

  /** When something was acked last. */
  get ackedAt(): number {
    return this.#ackedAt;
  }

  stop(): void {
    this.#stopping = true;
  }

  async #run(conversation: string): Promise<void> {
    while (!this.#stopping) {
      const since = this.#clock.monotonic();
      const { tries } = await this.talker.say({ conversation });
      const acked = tries.find(({ answer }) => answer === "ok");
      if (acked !== undefined) this.#ackedAt = acked.answeredAt ?? since;
      const rest = PACE_MS - (this.#clock.monotonic() - since);
      await new Promise<void>((resolve) => this.#clock.after(Math.max(0, rest), resolve));
    }
  }
}
