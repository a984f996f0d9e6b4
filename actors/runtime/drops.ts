/** Every command, frame or item that was not carried out or delivered, counted by place and reason. */
export class Drops {
  readonly #counts = new Map<string, number>();

  count(place: string, reason: string, n = 1): void {
    const name = `${place}.${reason}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
  }

  of(place: string, reason: string): number {
    return this.#counts.get(`${place}.${reason}`) ?? 0;
  }

  /** [place, reason, count]; places and reasons come from the code, so the list is short. */
  *entries(): Iterable<[place: string, reason: string, count: number]> {
    for (const [name, count] of this.#counts) {
      const dot = name.lastIndexOf(".");
      yield [name.slice(0, dot), name.slice(dot + 1), count];
    }
  }
}
