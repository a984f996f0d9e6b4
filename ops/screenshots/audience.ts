import { openRoom, takeGuests } from "../demo/api.ts";
import { Allowance, Bot, type Tally } from "../demo/bot.ts";
import { Crowd } from "../demo/crowd.ts";
import { NAMES, pick } from "../demo/phrases.ts";

const STEP_MS = 50;

/** A room full of bots, opened by the first of them. */
export class Audience implements Disposable {
  readonly #bots: readonly Bot[];
  readonly #crowd: Crowd;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(readonly roomId: string, readonly ownerToken: string, bots: readonly Bot[]) {
    this.#bots = bots;
    this.#crowd = new Crowd(bots);
  }

  static async gather(
    url: string,
    { title, viewers, from }: { title: string; viewers: number; from: number },
  ): Promise<Audience> {
    const names = Array.from({ length: Math.min(viewers, NAMES.length) }, (_, i) => pick(NAMES, from + i));
    const guests = await takeGuests(url, names, 5_000);
    const room = await openRoom(url, guests[0]!.token, title);
    const tally: Tally = { sent: 0, accepted: 0, limited: 0, failed: 0, seen: 0 };
    const voices = guests.map(({ token }) => ({ token, allowance: new Allowance() }));
    const bots = Array.from(
      { length: viewers },
      (_, i) => new Bot({ url, room: room.id, tally, ...pick(voices, i) }),
    );
    await Promise.all(bots.map((bot) => bot.enter(false)));
    return new Audience(room.id, guests[0]!.token, bots);
  }

  /** Talks from now on; `excitement` makes many shout the same. */
  talk(rate: number, excitement = 0): void {
    clearInterval(this.#timer);
    let climax = 0;
    this.#timer = setInterval(
      () => this.#crowd.speak({ rate, excitement }, STEP_MS, Math.floor(climax++ / 40)),
      STEP_MS,
    );
  }

  /** Everybody says the same in the same moment. */
  cheer(text: string): void {
    for (const bot of this.#bots) bot.say(text, {});
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const bot of this.#bots) bot.leave();
  }
}
