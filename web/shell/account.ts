import { BarrageCallError } from "client/mod.ts";
import { Guests } from "./guests.ts";
import { PageSession } from "./page_session.ts";

/** Calls with the token of somebody, or without one for a member, whom the cookie tells. */
export type Actor = <T>(act: (token: string | undefined) => Promise<T>) => Promise<T>;

/** Who is watching: the member who has signed in at this browser, or else a guest. */
export class Account {
  readonly guests = new Guests();
  readonly session = new PageSession();

  get isMember(): boolean {
    return this.session.user !== undefined;
  }

  get name(): string | undefined {
    return this.#user?.name;
  }

  get userId(): string | undefined {
    return this.#user?.id;
  }

  get #user() {
    return this.session.user ?? this.guests.present?.user;
  }

  /** Of a session that ran out while nobody was here, nothing is left; of one that cannot be asked about, all. */
  async settle(): Promise<void> {
    if (!this.isMember) return;
    try {
      await this.session.fresh();
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      console.info("Cannot refresh the session", error);
    }
  }

  /** As who is watching; once more when the server did not know that one any more. */
  readonly as: Actor = async (act) => {
    try {
      return await act(await this.#token(false));
    } catch (error) {
      if (!(error instanceof BarrageCallError) || error.reason !== "unauthenticated") throw error;
      return await act(await this.#token(true));
    }
  };

  /** For `Barrage`. */
  getToken(asked: { rejected: boolean }): Promise<string | undefined> {
    return this.isMember ? this.session.getToken(asked) : this.#token(asked.rejected);
  }

  /** As who opened the room, if that was at this browser. */
  ownerOf(room: { id: string; owner: { id: string } }): Actor | undefined {
    if (this.session.user?.id === room.owner.id) return this.as;
    const token = this.guests.keyOf(room);
    return token === undefined ? undefined : (act) => act(token);
  }

  async #token(rejected: boolean): Promise<string | undefined> {
    if (this.isMember) return void await this.session.fresh({ rejected });
    const { token } = await (rejected ? this.guests.renew() : this.guests.take());
    return token;
  }
}
