import type { KindStats } from "actors/runtime/population.ts";
import type { NodeReport } from "actors/runtime/report.ts";
import type { Bus, BusMessage, Subscription } from "./bus.ts";
import {
  type Endpoint,
  type EndpointStats,
  infoOf,
  pingOf,
  type ServiceFacts,
  statsOf,
} from "./nats_micro.ts";

export interface NatsServiceOptions {
  readonly bus: Bus;
  readonly node: { readonly id: string; readonly address: string; readonly version: string };
  /** The kinds of actors that can be asked, with what they do now. */
  readonly kinds: () => readonly KindStats[];
  readonly report: () => NodeReport;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

const NAME = "barrage";
const encoder = new TextEncoder();

/**
 * Shows this node to `nats micro ls | info | stats` as an instance of the service `barrage`, under its own name: who
 * it is, what may be asked over the bus, and how it is.
 */
export class NatsService {
  readonly #options: NatsServiceOptions;
  readonly #facts: ServiceFacts;
  readonly #subscriptions: readonly Subscription[];
  readonly #reports = { requests: 0, processingMs: 0 };

  constructor(options: NatsServiceOptions) {
    this.#options = options;
    const { bus, node } = options;
    this.#facts = {
      name: NAME,
      id: node.id,
      version: node.version,
      description: "A Barrage node: live rooms, sessions and the actors behind them",
      metadata: { address: node.address },
      started: new Date(),
    };
    const answers = {
      PING: () => pingOf(this.#facts),
      INFO: () => infoOf(this.#facts, this.#endpoints()),
      STATS: () => statsOf(this.#facts, this.#endpoints(), options.report()),
    };
    this.#subscriptions = [
      ...Object.entries(answers).flatMap(([verb, answer]) =>
        [`$SRV.${verb}`, `$SRV.${verb}.${NAME}`, `$SRV.${verb}.${NAME}.${node.id}`].map((subject) =>
          bus.subscribe(subject, (message) => respond(message, answer()))
        )
      ),
      bus.subscribe(this.#reportSubject, (message) => this.#report(message)),
    ];
  }

  /** Resolves when the node can be found. */
  get ready(): Promise<unknown> {
    return Promise.all(this.#subscriptions.map(({ ready }) => ready));
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  get #reportSubject(): string {
    return `barrage.v1.node.${this.#options.node.id}.report`;
  }

  #report(message: BusMessage): void {
    const { report, monotonic } = this.#options;
    const since = monotonic();
    respond(message, report());
    this.#reports.requests++;
    this.#reports.processingMs += monotonic() - since;
  }

  #endpoints(): Endpoint[] {
    const kinds = this.#options.kinds().map(({ definition: { kind, placement, verbs } }) => ({
      name: kind,
      subject: `barrage.v1.ask.${kind}.*.*`,
      // Only one node may take what any node can send on; what is bound to a node, that node picks out.
      queue: placement === "shard" ? "ask" : "",
      metadata: { format: `barrage.v1.ask.${kind}.<key>.<verb>`, verbs: Object.keys(verbs).join(" ") },
      stats: ({ actors, remote }: NodeReport): EndpointStats => {
        const asked = remote?.asks[kind];
        return {
          requests: asked?.requests ?? 0,
          errors: asked?.errors ?? 0,
          lastError: asked?.lastError ?? "",
          processingMs: asked?.processingMs ?? 0,
          data: actors[kind] ?? {},
        };
      },
    }));
    const node: Endpoint = {
      name: "node",
      subject: this.#reportSubject,
      queue: "",
      metadata: { format: this.#reportSubject },
      stats: (report) => ({ ...this.#reports, errors: 0, lastError: "", data: report }),
    };
    return [node, ...kinds];
  }
}

function respond(message: BusMessage, body: object): void {
  message.respond(encoder.encode(JSON.stringify(body)));
}
