import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { type Bus, NoResponders, type Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "../clock.ts";
import type { Drops } from "../drops.ts";
import type { RemoteCounters } from "./counters.ts";

const log = getLogger(["barrage", "hand_off"]);

const Request = z.strictObject({ shard: z.int().nonnegative(), to: z.string() });
const Reply = z.union([z.object({ released: z.literal(true) }), z.object({ refused: z.string() })]);

/** The old owner flushes its actors of one shard within this time. */
const RELEASE_MS = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface HandOffOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly counters: RemoteCounters;
  readonly nodeId: string;
  /** Lets go of a shard this node owns: flushes its actors and releases it in the database. */
  readonly release: (shard: number) => Promise<void>;
  /** Another node has begun to drain. */
  readonly onDraining: () => void;
}

/**
 * A planned change of owner, make before break: the new owner listens for the shard's commands and keeps them; the old
 * one stops listening, answers `moved`, flushes and releases; the new one claims and runs what it kept. Nobody who
 * sends meets an empty subject in between.
 */
export class HandOff {
  readonly #options: HandOffOptions;
  readonly #requests: Subscription;
  readonly #drains: Subscription;

  constructor(options: HandOffOptions) {
    this.#options = options;
    const subject = `barrage.v1.node.${options.nodeId}.handoff`;
    this.#requests = options.bus.subscribe(subject, (message) => {
      this.#released(message.data).then(
        (reply) => message.respond(encoder.encode(JSON.stringify(reply))),
        (error) => {
          options.drops.count("hand_off", "failed");
          log.error("Cannot hand a shard over: {error}", { error });
          message.respond(encoder.encode(JSON.stringify({ refused: "failed" })));
        },
      );
    });
    this.#drains = options.bus.subscribe("barrage.v1.evt.node.*.draining", () => options.onDraining());
  }

  get ready(): Promise<unknown> {
    return Promise.all([this.#requests.ready, this.#drains.ready]);
  }

  /** Others would see it at their next renewal; this spares the wait. */
  announceDraining(): void {
    this.#options.bus.publish(`barrage.v1.evt.node.${this.#options.nodeId}.draining`, encoder.encode("{}"));
  }

  /** Asks the owner to let go of the shard; false when it does not, or does not answer in time. */
  async ask(owner: string, shard: number): Promise<boolean> {
    const released = await this.#ask(owner, shard);
    this.#options.counters.handOffs[released ? "in" : "refused"]++;
    return released;
  }

  stop(): void {
    this.#requests.unsubscribe();
    this.#drains.unsubscribe();
  }

  async #ask(owner: string, shard: number): Promise<boolean> {
    const { bus, clock, nodeId } = this.#options;
    const patience = new AbortController();
    const cancel = clock.after(RELEASE_MS, () => patience.abort(new BarrageError("timeout")));
    try {
      const body = encoder.encode(JSON.stringify({ shard, to: nodeId }));
      const reply = await bus.request(`barrage.v1.node.${owner}.handoff`, body, { signal: patience.signal });
      return "released" in Reply.parse(JSON.parse(decoder.decode(reply.data)));
    } catch (error) {
      if (!(error instanceof NoResponders)) {
        log.warn("Node {owner} did not hand shard {shard} over: {error}", { owner, shard, error });
      }
      return false;
    } finally {
      cancel();
    }
  }

  async #released(data: Uint8Array): Promise<z.infer<typeof Reply>> {
    const { shard } = Request.parse(JSON.parse(decoder.decode(data)));
    await this.#options.release(shard);
    this.#options.counters.handOffs.out++;
    return { released: true };
  }
}
