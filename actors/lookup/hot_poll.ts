import { z } from "zod";
import type { Bus, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Ids } from "actors/runtime/ids.ts";
import { Ulid } from "protocol/ids.ts";
import { type HotKey, type HotKeys, mergeHot } from "./hot_keys.ts";

const ASK = "barrage.v1.evt.lookup.hot.asked";
/** Nodes that do not answer in this time are left out. */
const PATIENCE_MS = 250;
const TOP = 100;
const NODES_MAX = 1_000;

const Asked = z.object({ poll: Ulid });
const Answer = z.array(z.object({ key: z.string().max(256), perSecond: z.number(), error: z.number() })).max(
  TOP,
);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface HotPollOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hot: HotKeys;
}

/** Tells which keys are hot on this node, and asks all nodes which are. */
export class HotPoll implements Disposable {
  readonly #options: HotPollOptions;
  readonly #asked: Subscription;

  constructor(options: HotPollOptions) {
    this.#options = options;
    const { bus, hot } = options;
    this.#asked = bus.subscribe(ASK, ({ data }) => {
      const asked = Asked.safeParse(parse(data));
      if (!asked.success) return;
      bus.publish(subjectOf(asked.data.poll), encoder.encode(JSON.stringify(hot.top(TOP))));
    });
  }

  get ready(): Promise<void> {
    return this.#asked.ready;
  }

  /** Over all nodes that answer in time. */
  async ask(limit: number): Promise<{ readonly nodes: number; readonly keys: HotKey[] }> {
    const { bus, clock, ids } = this.#options;
    const poll = ids.next();
    const lists: HotKey[][] = [];
    const answers = bus.subscribe(subjectOf(poll), ({ data }) => {
      const list = Answer.safeParse(parse(data));
      if (list.success && lists.length < NODES_MAX) lists.push(list.data);
    });
    try {
      await answers.ready;
      bus.publish(ASK, encoder.encode(JSON.stringify({ poll })));
      await new Promise<void>((resolve) => clock.after(PATIENCE_MS, resolve));
    } finally {
      answers.unsubscribe();
    }
    return { nodes: lists.length, keys: mergeHot(lists, Math.min(limit, TOP)) };
  }

  [Symbol.dispose](): void {
    this.#asked.unsubscribe();
  }
}

function subjectOf(poll: string): string {
  return `barrage.v1.evt.lookup.${poll}.hot`;
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    return undefined;
  }
}
