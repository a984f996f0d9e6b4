import { BarrageError } from "protocol/errors.ts";
import type { SimProcess } from "../process.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";

export interface PostWeather {
  /** Milliseconds of one way, at most. */
  readonly delayMs: number;
  readonly stallChance: number;
  readonly stallMs: number;
  /** Of commands and of their answers. */
  readonly lossChance: number;
  /** Commands that come a second time. */
  readonly doubleChance: number;
}

/** Brings commands from one process to another: late, twice, or not at all. */
export class Post {
  readonly #timeline: Timeline;
  readonly #random: Random;
  weather: PostWeather;

  constructor(timeline: Timeline, random: Random, weather: PostWeather) {
    this.#timeline = timeline;
    this.#random = random;
    this.weather = weather;
  }

  /**
   * @param to The process that has it when the command arrives; undefined when nobody has.
   * @param run What the command does there; `timeoutMs` is what is left.
   */
  ask(
    from: SimProcess,
    timeoutMs: number,
    to: () => SimProcess | undefined,
    run: (timeoutMs: number) => Promise<unknown>,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = from.clock.after(timeoutMs, () => reject(new BarrageError("timeout")));
      const back = (settle: () => void) => {
        if (this.#random.chance(this.weather.lossChance)) return;
        this.#timeline.after(this.#delay(), () =>
          from.deliver("bus", () => {
            cancel();
            settle();
          }));
      };
      const carry = (answer: (settle: () => void) => void) => {
        const process = to();
        if (process === undefined || !process.alive) {
          return answer(() => reject(new BarrageError("unavailable")));
        }
        process.deliver("bus", () => {
          run(timeoutMs).then(
            (output) => process.alive && answer(() => resolve(output)),
            (error) => process.alive && answer(() => reject(error)),
          );
        });
      };
      if (this.#random.chance(this.weather.lossChance)) return;
      const delay = this.#delay();
      this.#timeline.after(delay, () => carry(back));
      if (this.#random.chance(this.weather.doubleChance)) {
        this.#timeline.after(delay + this.#delay(), () => carry(() => {}));
      }
    });
  }

  /** Arrives, however late. */
  tell(to: SimProcess, run: () => void): void {
    this.#timeline.after(this.#delay(), () => to.deliver("bus", run));
  }

  #delay(): number {
    const { delayMs, stallChance, stallMs } = this.weather;
    return this.#random.chance(stallChance)
      ? this.#random.between(0, stallMs)
      : this.#random.between(0.05, delayMs);
  }
}
