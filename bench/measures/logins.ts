import { type Credentials, credentials, register, signIn } from "../load/accounts.ts";
import { makeDataDir } from "../servers/contenders.ts";
import { ProbedNode } from "../servers/probed_node.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";

export interface LoginLoad {
  readonly accounts: number;
  /** People who sign in time and again, each after the answer to the time before: as many as the node carries. */
  readonly inFlight: number;
  /** How much more is offered then. */
  readonly excess: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** One window. Times in ms, rates in logins a second. */
export interface LoginRow {
  readonly signedIn: number;
  readonly refused: number;
  /** From the request to the answer, of those signed in. */
  readonly p50: number;
  readonly p99: number;
  /** Of the node's event loop. */
  readonly lagP50: number;
  readonly lagP99: number;
  readonly lagMax: number;
}

export interface Logins {
  readonly idle: LoginRow;
  readonly carried: LoginRow;
  readonly excess: LoginRow & { readonly offered: number };
}

/** Signs people in at an embedded node over HTTP, while a probe in its process looks after its event loop. */
export async function measureLogins(load: LoginLoad): Promise<Logins> {
  await using node = await ProbedNode.start(await makeDataDir());
  const people = Array.from({ length: load.accounts }, (_, nth) => credentials(nth));
  for (const who of people) await register(node.origin, who);
  const run = (offer: Offer, ms: number) => new LoginWindow(node, people).run(offer, ms);
  const inFlight = (window: LoginWindow) => window.keep(load.inFlight);
  await run(inFlight, load.warmUpMs);
  const idle = await run(() => Promise.resolve(), load.windowMs);
  const carried = await run(inFlight, load.windowMs);
  const rate = Math.ceil(carried.signedIn * load.excess);
  const excess = await run((window) => window.pour(rate), load.windowMs);
  return { idle, carried, excess: { ...excess, offered: rate } };
}

/** Signs people in until the window is over; resolves when all are answered. */
type Offer = (window: LoginWindow) => Promise<unknown>;

class LoginWindow {
  readonly #node: ProbedNode;
  readonly #people: readonly Credentials[];
  readonly #times: number[] = [];
  #refused = 0;
  #turn = 0;
  #over = false;
  #failed: unknown;

  constructor(node: ProbedNode, people: readonly Credentials[]) {
    this.#node = node;
    this.#people = people;
  }

  async run(offer: Offer, ms: number): Promise<LoginRow> {
    await this.#node.lags();
    const began = performance.now();
    const offered = offer(this);
    await delay(ms);
    this.#over = true;
    const seconds = (performance.now() - began) / 1_000;
    const lags = await this.#node.lags();
    await offered;
    if (this.#failed !== undefined) throw this.#failed;
    return {
      signedIn: this.#times.length / seconds,
      refused: this.#refused / seconds,
      p50: percentile(this.#times, 0.5),
      p99: percentile(this.#times, 0.99),
      lagP50: percentile(lags, 0.5),
      lagP99: percentile(lags, 0.99),
      lagMax: percentile(lags, 1),
    };
  }

  async keep(inFlight: number): Promise<void> {
    await Promise.all(Array.from({ length: inFlight }, async () => {
      while (!this.#over) await this.#signIn();
    }));
  }

  /** So many a second, whatever becomes of those before. */
  async pour(rate: number): Promise<void> {
    const began = performance.now();
    const logins: Promise<void>[] = [];
    while (!this.#over) {
      logins.push(this.#signIn());
      await delay(Math.max(0, began + logins.length * 1_000 / rate - performance.now()));
    }
    await Promise.all(logins);
  }

  async #signIn(): Promise<void> {
    const began = performance.now();
    try {
      const signedIn = await signIn(this.#node.origin, this.#people[this.#turn++ % this.#people.length]!);
      if (this.#over) return;
      if (signedIn === undefined) this.#refused++;
      else this.#times.push(performance.now() - began);
    } catch (error) {
      this.#failed ??= error;
      this.#over = true;
    }
  }
}
