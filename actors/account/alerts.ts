import type { Bus } from "actors/bus/bus.ts";
import type { NotificationParams } from "protocol/methods.ts";

const encoder = new TextEncoder();

/** Tells users on their open sockets, on whichever nodes; lost on those who have none. */
export class Alerts {
  readonly #bus: Pick<Bus, "publish">;

  constructor(bus: Pick<Bus, "publish">) {
    this.#bus = bus;
  }

  tell(user: string, params: NotificationParams<"account.alert">): void {
    const notice = { method: "account.alert", params };
    this.#bus.publish(`barrage.v1.evt.user.${user}.notice`, encoder.encode(JSON.stringify(notice)));
  }
}
