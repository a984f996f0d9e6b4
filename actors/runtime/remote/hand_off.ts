import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { type Bus, NoResponders, type Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "../clock.ts";
import type { Holder } from "../ownership.ts";
import type { Drops } from "../drops.ts";
import type { RemoteCounters } from "./counters.ts";

const log = getLogger(["barrage", "hand_off"]);

const Request = z.strictObject({
  shard: z.int().nonnegative(),
  to: z.strictObject({ id: z.string(), epoch: z.int().positive() }),
});
/** Under which epoch the shard is the asker's now, or why it is not. */
const Reply = z.union([z.object({ epoch: z.int().positive() }), z.object({ refused: z.string() })]);

/** The old owner flushes its actors of one shard within this time. */
const ANSWER_MS = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface HandOffOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly counters: RemoteCounters;
  readonly nodeId: string;
  /** Flushes the actors of a shard this node owns and makes it over; its new epoch, if that succeeds. */
  readonly handOver: (shard: number, to: Holder) => Promise<number | undefined>;
  /** Another node has begun to drain. */
  readonly onDraining: () => void;
}

/**
 * A planned change of owner, make before break: the new owner listens for the shard's commands and keeps them; the old
 * one stops listening, answers `moved`, flushes and makes the shard over in the database; the new one, told the epoch,
 * runs what it kept. Nobody who sends meets an empty subject in between.
 */
export class HandOff {
  readonly #options: HandOffOptions;
  readonly #requests: Subscription;
  readonly #drains: Subscription;

  constructor(options: HandOffOptions) {
    this.#options = options;
    const subject = `barrage.v1.node.${options.nodeId}.handoff`;
    this.#requests = options.bus.subscribe(subject, (message) => {
      this.#handOver(message.data).then(
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

  /** Asks the owner to make the shard over; its new epoch, unless it refuses or does not answer in time. */
  async ask(owner: string, shard: number, to: Holder): Promise<number | undefined> {
    const epoch = await this.#ask(owner, shard, to);
    this.#options.counters.handOffs[epoch === undefined ? "refused" : "in"]++;
    return epoch;
  }

  stop(): void {
    this.#requests.unsubscribe();
    this.#drains.unsubscribe();
  }

  async #ask(owner: string, shard: number, { id, epoch }: Holder): Promise<number | undefined> {
    const { bus, clock } = this.#options;
    const patience = new AbortController();
    const cancel = clock.after(ANSWER_MS, () => patience.abort(new BarrageError("timeout")));
    try {
      const body = encoder.encode(JSON.stringify({ shard, to: { id, epoch } }));
      const reply = await bus.request(`barrage.v1.node.${owner}.handoff`, body, { signal: patience.signal });
      const answer = Reply.parse(JSON.parse(decoder.decode(reply.data)));
      return "epoch" in answer ? answer.epoch : undefined;
    } catch (error) {
      if (!(error instanceof NoResponders)) {
        log.warn("Node {owner} did not hand shard {shard} over: {error}", { owner, shard, error });
      }
      return undefined;
    } finally {
      cancel();
    }
  }

  async #handOver(data: Uint8Array): Promise<z.infer<typeof Reply>> {
    const { shard, to } = Request.parse(JSON.parse(decoder.decode(data)));
    const epoch = await this.#options.handOver(shard, to);
    if (epoch === undefined) return { refused: "not mine to give" };
    this.#options.counters.handOffs.out++;
    return { epoch };
  }
}
