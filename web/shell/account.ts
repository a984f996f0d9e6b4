import { BarrageCallError, createGuest } from "client/mod.ts";
import { isRecord, load, save } from "./saved.ts";

export interface Guest {
  readonly token: string;
  readonly user: { readonly id: string; readonly name: string };
}

/** Rooms whose owner's token is kept; the oldest is forgotten first. */
const KEYS_MAX = 50;

/** Who is watching: a guest, remembered by this browser, and the tokens of the rooms this browser opened. */
export class Account {
  #guest: Guest | undefined = load("guest", isGuest);
  #keys: readonly RoomKey[] = load("keys", isKeys) ?? [];
  #pending: Promise<Guest> | undefined;

  get name(): string | undefined {
    return this.#guest?.user.name;
  }

  get userId(): string | undefined {
    return this.#guest?.user.id;
  }

  /** The guest, taken from the server on the first call. */
  guest(): Promise<Guest> {
    if (this.#guest) return Promise.resolve(this.#guest);
    this.#pending ??= this.#take(undefined).finally(() => this.#pending = undefined);
    return this.#pending;
  }

  /** The server does not know the guest any more: take another with the same name. */
  renew(): Promise<Guest> {
    return this.#take(this.#guest?.user.name);
  }

  /** A name belongs to a token, so another name is another guest. Rooms opened before keep their own token. */
  async rename(name: string): Promise<Guest> {
    return this.#guest?.user.name === name ? this.#guest : await this.#take(name);
  }

  /** The guest that opened this room in this browser, if any. */
  ownerOf(room: { id: string; owner: { id: string } }): Guest | undefined {
    const key = this.#keys.find((key) => key.room === room.id);
    return key?.guest.user.id === room.owner.id ? key.guest : undefined;
  }

  keep(room: string, guest: Guest): void {
    this.#keys = [...this.#keys.filter((key) => key.room !== room), { room, guest }].slice(-KEYS_MAX);
    save("keys", this.#keys);
  }

  async #take(name: string | undefined): Promise<Guest> {
    const guest = await politely(() =>
      createGuest({
        url: location.origin,
        signal: AbortSignal.timeout(10_000),
        ...(name !== undefined && { name }),
      })
    );
    this.#guest = guest;
    save("guest", guest);
    return guest;
  }
}

interface RoomKey {
  readonly room: string;
  readonly guest: Guest;
}

/** Waits once when the server asks for a short wait. */
async function politely<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const waitMs = error instanceof BarrageCallError ? error.retryAfterMs : undefined;
    if (waitMs === undefined || waitMs > 5_000) throw error;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return await request();
  }
}

function isGuest(value: unknown): value is Guest {
  return isRecord(value) && typeof value.token === "string" && isRecord(value.user) &&
    typeof value.user.id === "string" && typeof value.user.name === "string";
}

function isKeys(value: unknown): value is RoomKey[] {
  return Array.isArray(value) &&
    value.every((key) => isRecord(key) && typeof key.room === "string" && isGuest(key.guest));
}
