import type { Bus } from "actors/bus/bus.ts";

const encoder = new TextEncoder();

/**
 * Tells the nodes where a user has sockets that a conversation concerns him from now on, or in another way than before:
 * `barrage.v1.evt.user.<id>.conversation` with `{conversation}`. They listen to it, or no longer, and ask what is new.
 */
export class Doorbell {
  readonly #bus: Pick<Bus, "publish">;

  constructor(bus: Pick<Bus, "publish">) {
    this.#bus = bus;
  }

  ring(user: string, conversation: string): void {
    this.#tell(user, { conversation });
  }

  /** In case that he was not told: who listens to the conversation already need not ask. */
  remind(user: string, conversation: string): void {
    this.#tell(user, { conversation, reminder: true });
  }

  #tell(user: string, word: { readonly conversation: string; readonly reminder?: true }): void {
    this.#bus.publish(`barrage.v1.evt.user.${user}.conversation`, encoder.encode(JSON.stringify(word)));
  }
}
