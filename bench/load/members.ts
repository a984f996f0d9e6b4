import type { Dialect } from "./dialects/dialect.ts";
import { LoadSocket } from "./socket.ts";

const ENTERING_AT_ONCE = 32;
const BEAT_MS = 15_000;
const BEAT_SLICES = 15;

export interface Count {
  readonly members: number;
  /** Members whose connection has ended. */
  readonly lost: number;
  readonly frames: number;
  readonly bytes: number;
  /** Members who read every frame, and what they were delivered: messages, and drops reported by the server. */
  readonly sampled: number;
  readonly deliveries: number;
  readonly dropped: number;
}

/** All sockets of this process; they enter the rooms in turn. */
export class Members implements Disposable {
  readonly #dialect: Dialect;
  readonly #origin: string;
  readonly #rooms: readonly string[];
  readonly #sockets: LoadSocket[] = [];
  readonly #beats: ReturnType<typeof setInterval>;
  #sampled = 0;
  #deliveries = 0;
  #dropped = 0;
  #slice = 0;
  #turn = 0;

  constructor(dialect: Dialect, origin: string, rooms: readonly string[]) {
    this.#dialect = dialect;
    this.#origin = origin;
    this.#rooms = rooms;
    this.#beats = setInterval(() => this.#beat(), BEAT_MS / BEAT_SLICES);
  }

  /** Lets `count` more sockets enter; `prepare` is told about each one, with its number among all members. */
  async enter(
    count: number,
    prepare: (socket: LoadSocket, nth: number, room: string) => void,
  ): Promise<void> {
    let missing = count;
    const enterSome = async () => {
      while (missing > 0) {
        missing--;
        const room = this.#rooms[this.#turn++ % this.#rooms.length]!;
        const socket = await LoadSocket.connect(this.#origin.replace("http", "ws") + this.#dialect.path);
        await this.#dialect.enter(socket, this.#origin, room);
        prepare(socket, this.#sockets.push(socket), room);
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, ENTERING_AT_ONCE) }, enterSome));
  }

  /** Counts what this member is delivered, and shows each text to `see`. */
  sample(socket: LoadSocket, see: (text: string) => void): void {
    this.#sampled++;
    socket.hear((frame) => {
      const heard = this.#dialect.heard(frame);
      if (heard === undefined) return;
      this.#dropped += heard.dropped;
      for (const { text, count } of heard.said) {
        this.#deliveries += count;
        see(text);
      }
    });
  }

  count(): Count {
    let frames = 0;
    let bytes = 0;
    let lost = 0;
    for (const socket of this.#sockets) {
      frames += socket.frames;
      bytes += socket.bytes;
      if (!socket.open) lost++;
    }
    return {
      members: this.#sockets.length,
      lost,
      frames,
      bytes,
      sampled: this.#sampled,
      deliveries: this.#deliveries,
      dropped: this.#dropped,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beats);
    for (const socket of this.#sockets) socket.close();
  }

  #beat(): void {
    const { beat } = this.#dialect;
    this.#slice = (this.#slice + 1) % BEAT_SLICES;
    if (beat === undefined) return;
    for (let i = this.#slice; i < this.#sockets.length; i += BEAT_SLICES) this.#sockets[i]!.send(beat);
  }
}
