import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Connection } from "./connection.ts";

const log = getLogger(["barrage", "gateway"]);

const Notice = z.object({ method: z.string().min(1).max(64), params: z.record(z.string(), z.unknown()) });
const decoder = new TextDecoder();

/**
 * What is addressed to a user reaches every socket of that user, on whichever node: `barrage.v1.evt.user.<id>.notice`
 * with `{method, params}` becomes a notification, `...kick` closes the sockets.
 */
export class UserDesk {
  readonly #drops: Drops;
  readonly #subscription: Subscription;
  readonly #perUser: number;
  readonly #sockets = new Map<string, Connection[]>();

  /** @param perUser Sockets of one user on this node; over it the oldest is closed. */
  constructor(bus: Bus, drops: Drops, perUser: number) {
    this.#drops = drops;
    this.#perUser = perUser;
    this.#subscription = bus.subscribe("barrage.v1.evt.user.*.*", (message) => this.#receive(message));
  }

  get ready(): Promise<void> {
    return this.#subscription.ready;
  }

  enter(user: string, connection: Connection): void {
    const mine = this.#sockets.get(user);
    if (mine === undefined) return void this.#sockets.set(user, [connection]);
    mine.push(connection);
    if (mine.length <= this.#perUser) return;
    this.#drops.count("gateway", "replaced");
    mine[0]?.close("replaced");
  }

  leave(user: string, connection: Connection): void {
    const left = this.#sockets.get(user)?.filter((other) => other !== connection) ?? [];
    if (left.length > 0) this.#sockets.set(user, left);
    else this.#sockets.delete(user);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #receive({ subject, data }: BusMessage): void {
    const [user, event] = subject.split(".").slice(4);
    const mine = this.#sockets.get(user ?? "");
    if (mine === undefined) return;
    if (event === "kick") {
      for (const connection of [...mine]) connection.close("kicked");
    } else if (event === "notice") {
      this.#notify(mine, data);
    } else if (event !== "conversation") { // that is for those who chat
      this.#drops.count("user", "unknown_event");
    }
  }

  #notify(mine: readonly Connection[], data: Uint8Array): void {
    try {
      const { method, params } = Notice.parse(JSON.parse(decoder.decode(data)));
      for (const connection of [...mine]) connection.notify(method, params);
    } catch (error) {
      this.#drops.count("user", "parse");
      log.warn("Cannot read a notice: {error}", { error });
    }
  }
}
