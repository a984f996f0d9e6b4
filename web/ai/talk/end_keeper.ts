/** Closer to the end than this counts as being there. */
const NEAR_PX = 40;

/** Stays at the end while more comes, unless somebody reads further up. */
export class EndKeeper {
  readonly #scroll: HTMLElement;
  readonly #onLeft: (away: boolean) => void;
  #following = true;
  /** Where the page itself has scrolled to: what is not there was somebody's doing. */
  #put = -1;

  /** @param onLeft Told when the end comes in sight or leaves it. */
  constructor(scroll: HTMLElement, onLeft: (away: boolean) => void) {
    this.#scroll = scroll;
    this.#onLeft = onLeft;
    scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Text that comes, pictures that load and a window that gets smaller all move the end.
    const watch = new ResizeObserver(() => this.keep());
    watch.observe(scroll);
    for (const child of scroll.children) watch.observe(child);
  }

  get following(): boolean {
    return this.#following;
  }

  keep(): void {
    if (!this.#following) return this.#tell();
    const { scrollHeight, clientHeight } = this.#scroll;
    this.#scroll.scrollTop = scrollHeight - clientHeight;
    this.#put = this.#scroll.scrollTop;
    this.#tell();
  }

  follow(): void {
    this.#following = true;
    this.keep();
  }

  /** Keeps what is looked at in place while something comes in above it. */
  insertAbove(insert: () => void): void {
    const { scrollHeight, scrollTop } = this.#scroll;
    this.#following = false;
    insert();
    this.#scroll.scrollTop = scrollTop + this.#scroll.scrollHeight - scrollHeight;
    this.#tell();
  }

  get #distance(): number {
    const { scrollHeight, clientHeight, scrollTop } = this.#scroll;
    return scrollHeight - clientHeight - scrollTop;
  }

  #scrolled(): void {
    const near = this.#distance <= NEAR_PX;
    if (near) this.#following = true;
    // Upwards only somebody scrolls.
    else if (this.#scroll.scrollTop < this.#put - 1) this.#following = false;
    this.#tell();
  }

  #tell(): void {
    this.#onLeft(!this.#following && this.#distance > NEAR_PX);
  }
}
