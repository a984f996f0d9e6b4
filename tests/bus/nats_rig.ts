import { NatsBus, type NatsOptions } from "actors/bus/nats.ts";
import type { Bus, BusState } from "actors/bus/bus.ts";

const DEADLINE_MS = 5_000;

/** Resolves when the bus is in `wanted`. */
export async function stateOf(bus: Bus | undefined, wanted: BusState): Promise<void> {
  if (bus === undefined) throw new Error("There is no such bus");
  await until(() => bus.state === wanted, (check) => bus.watch(check), `a bus that is ${wanted}`);
}

/** What a bus reported, and a way to wait for it. */
export class Reports {
  readonly messages: string[] = [];
  readonly #checks = new Set<() => void>();

  readonly receive = (error: unknown): void => {
    this.messages.push(error instanceof Error ? error.message : String(error));
    for (const check of this.#checks) check();
  };

  async say(pattern: RegExp): Promise<void> {
    const subscribe = (check: () => void) => {
      this.#checks.add(check);
      return () => this.#checks.delete(check);
    };
    await until(() => this.messages.some((message) => pattern.test(message)), subscribe, `${pattern}`);
  }

  /** Resolves when both connections were lost. */
  async lostBoth(): Promise<void> {
    await this.say(/ control to \S+ was lost/);
    await this.say(/ bulk to \S+ was lost/);
  }
}

export async function connectBus(
  url: string,
  options: Partial<NatsOptions> = {},
): Promise<NatsBus & { readonly reports: Reports }> {
  const reports = new Reports();
  const bus = await NatsBus.connect({ servers: [url], name: "node-a", onError: reports.receive, ...options });
  return Object.assign(bus, { reports });
}

async function until(
  condition: () => boolean,
  subscribe: (check: () => void) => () => void,
  wanted: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const check = () => {
    if (condition()) resolve();
  };
  const unsubscribe = subscribe(check);
  check();
  const timer = setTimeout(() => reject(new Error(`Cannot see ${wanted} in ${DEADLINE_MS} ms`)), DEADLINE_MS);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
