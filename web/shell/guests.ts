import { BarrageCallError, createGuest } from "client/mod.ts";
import { isRecord, load, remove, save } from "./saved.ts";

export interface Guest {
  readonly token: string;
  readonly user: { readonly id: string; readonly name: string };
}

/** Rooms whose owner's token is kept; the oldest is forgotten first. */
const KEYS_MAX = 50;

/** Who watches without an account, remembered by this browser, and the tokens of the rooms opened that way. */
export class Guests {
  #present: Guest | undefined = load("guest", isGuest);
  #keys: readonly RoomKey[] = load("keys", isKeys) ?? [];
  #pending: Promise<Guest> | undefined;

  get present(): Guest | undefined {
    return this.#present;
  }

  /** Undefined when the server has made one up. */
  get chosenName(): string | undefined {
    const user = this.#present?.user;
    return user?.name === `Guest ${user?.id.slice(-4)}` ? undefined : user?.name;
  }

  /** The guest, taken from the server on the first call. */
  take(): Promise<Guest> {
    if (this.#present) return Promise.resolve(this.#present);
    this.#pending ??= this.#take(undefined).finally(() => this.#pending = undefined);
    return this.#pending;
  }

  /** The server does not know the guest any more: take another with the same name. */
  renew(): Promise<Guest> {
    return this.#take(this.#present?.user.name);
  }

  /** A name belongs to a token, so another name is another guest. Rooms opened before keep their own token. */
  async rename(name: string): Promise<Guest> {
    return this.#present?.user.name === name ? this.#present : await this.#take(name);
  }

  /** The token of the guest that opened this room in this browser, if any. */
  keyOf(room: { id: string; owner: { id: string } }): string | undefined {
    const guest = this.#keys.find((key) => key.room === room.id)?.guest;
    return guest?.user.id === room.owner.id ? guest.token : undefined;
  }

  keep(room: string, guest: Guest): void {
    this.#keys = [...this.#keys.filter((key) => key.room !== room), { room, guest }].slice(-KEYS_MAX);
    save("keys", this.#keys);
  }

  /** The guest has become the account with the same id: its tokens are good for nothing any more. */
  becameMember(id: string): void {
    this.#keys = this.#keys.filter((key) => key.guest.user.id !== id);
    save("keys", this.#keys);
    if (this.#present?.user.id === id) this.forget();
  }

  forget(): void {
    this.#present = undefined;
    remove("guest");
  }

  async #take(name: string | undefined): Promise<Guest> {
    const guest = await politely(() =>
      createGuest({
        url: location.origin,
        signal: AbortSignal.timeout(10_000),
        ...(name !== undefined && { name }),
      })
    );
    this.#present = guest;
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
