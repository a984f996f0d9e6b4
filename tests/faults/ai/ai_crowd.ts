import { Buffer } from "node:buffer";
import type { Reason } from "protocol/errors.ts";
import { textFor } from "tests/support/upstream/generator.ts";
import { UpstreamProcess } from "tests/support/upstream/process.ts";
import { dialSocket } from "../chat/socket_line.ts";
import type { Company, Finding } from "../company.ts";
import type { Message } from "../history.ts";
import { Asker, type Question } from "./asker.ts";
import { jain } from "./fairness.ts";
import { leasesIn } from "./postgres_leases.ts";

/** So many pools that every node owns some. */
const MODELS = ["m1", "m2", "m3", "m4", "m5", "m6"];
/** Of each model; four slots and six who want them. */
const CREDENTIALS = 2;
const ASKERS = 6;
const LIMITS = { startsPerSecond: 2, inFlight: 2 };
const TOKENS = 20;
const TOKEN_MS = 60;
const PATIENCE_MS = 90_000;
const LOOK_MS = 200;
/** A lease whose runner has died comes back a term after it was last heard of; the books follow. */
const LEASES_MS = 60_000;
const FAIRNESS_MIN = 0.95;
/** Of each asker, before the quartile of his waits says anything. */
const QUESTIONS_MIN = 10;

/** All nodes must open what one has sealed. */
export const AI_ENV = {
  AI_GUESTS: "on",
  AI_KEYS: `1:${Buffer.alloc(32, 7).toString("base64")}`,
  // More than a crowd ever waits, so that who waits is never turned away.
  AI_WAIT_MAX_SECONDS: 170,
  AI_ATTEMPTS_MAX: 32,
} as const;

export interface AiCrowdOptions {
  readonly url: string;
  readonly databaseUrl: string;
  /** Of an operator. */
  readonly key: string;
  readonly seed: number;
}

/** More people than there are slots, each asking one question after the other of an upstream that counts. */
export class AiCrowd implements Company {
  readonly rooms: readonly string[] = [];
  readonly #options: AiCrowdOptions;
  readonly #upstream: UpstreamProcess;
  readonly #askers: readonly Asker[];
  readonly #lives: Promise<void[]>;

  private constructor(options: AiCrowdOptions, upstream: UpstreamProcess, askers: readonly Asker[]) {
    this.#options = options;
    this.#upstream = upstream;
    this.#askers = askers;
    this.#lives = Promise.all(askers.map((asker) => asker.live()));
  }

  static async gather(options: AiCrowdOptions): Promise<AiCrowd> {
    const { url, seed } = options;
    const upstream = await UpstreamProcess.start(
      ...["--tokens", String(TOKENS), "--token-ms", String(TOKEN_MS), "--seed", String(seed)],
    );
    for (const model of MODELS) {
      for (let n = 0; n < CREDENTIALS; n++) await addKey(options, upstream, model, n);
    }
    await upstream.faults(
      { fault: { kind: "cut", after: 7 }, probability: 0.05 },
      { fault: { kind: "reset" }, probability: 0.03 },
      { fault: { kind: "truncated", after: 12 }, probability: 0.03 },
      { fault: { kind: "status", status: 500 }, probability: 0.03 },
      { fault: { kind: "overlap", characters: 25 }, probability: 0.3 },
    );
    const askers: Asker[] = [];
    for (const model of MODELS) {
      for (let n = 0; n < ASKERS; n++) askers.push(await askerOf(url, `${model} asker ${n}`, model));
    }
    return new AiCrowd(options, upstream, askers);
  }

  get failures(): ReadonlyMap<Reason, number> {
    const sums = new Map<Reason, number>();
    for (const { ending } of this.#questions) {
      if (ending.kind !== "failed") continue;
      const reason = ending.reason as Reason;
      sums.set(reason, (sums.get(reason) ?? 0) + 1);
    }
    return sums;
  }

  get summary(): string {
    const done = this.#questions.filter(({ ending }) => ending.kind === "done").length;
    const fairness = Math.min(1, ...this.#shares.map(jain));
    return `${done} of ${this.#questions.length} questions answered, fairness at least ${
      fairness.toFixed(3)
    }`;
  }

  /** A question stands as a message that is acked when its answer is complete. */
  get messages(): readonly Message[] {
    return this.#askers.flatMap(({ model, questions }) =>
      questions.map(({ asker, content, at, ending }, place): Message => ({
        ...{ sender: asker, room: model, place, text: content, at, sendings: [] },
        outcome: ending.kind === "done"
          ? { kind: "acked", at: ending.at }
          : ending.kind === "failed"
          ? { kind: "refused", reason: ending.reason }
          : { kind: "open" },
      }))
    );
  }

  get steady(): readonly Message[] {
    return this.messages;
  }

  get seen(): number {
    return this.#questions.reduce((sum, { text }) => sum + text.length, 0);
  }

  async untilAcked(patienceMs = PATIENCE_MS): Promise<void> {
    const since = performance.now();
    const silent = () =>
      MODELS.filter((model) => !this.#askers.some((asker) => asker.model === model && asker.endedAt > since));
    if (await until(() => silent().length === 0, patienceMs)) return;
    throw new Error(`Cannot see an answer of ${silent().join(", ")} in ${patienceMs} ms`);
  }

  async judge(): Promise<readonly Finding[]> {
    for (const asker of this.#askers) asker.stop();
    await Promise.race([this.#lives, new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS))]);
    return [
      ...await this.#overLimit(),
      ...this.#wrong(),
      ...this.#askers.flatMap(({ oddities }) => oddities.map((detail) => ({ fault: "odd event", detail }))),
      ...this.#unfair(),
      ...await this.#leaked(),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const asker of this.#askers) asker.stop();
    await this.#upstream[Symbol.asyncDispose]();
  }

  /** By pool that was asked enough, how fast each of its askers is answered. */
  get #shares(): number[][] {
    const pools = Map.groupBy(this.#askers, ({ model }) => model);
    return [...pools.values()].filter((askers) =>
      askers.every(({ questions }) => questions.length >= QUESTIONS_MIN)
    )
      .map((askers) => askers.map(({ waitMs }) => 1_000 / waitMs));
  }

  get #questions(): readonly Question[] {
    return this.#askers.flatMap(({ questions }) => questions);
  }

  /** As the upstream has counted, not as our books say. */
  async #overLimit(): Promise<Finding[]> {
    const { all } = await this.#upstream.counts();
    const over = all.overRate + all.overConcurrency;
    return over === 0 ? [] : [{ fault: "over a limit", detail: `${over} calls: ${JSON.stringify(all)}` }];
  }

  #wrong(): Finding[] {
    return this.#questions.flatMap(({ content, text, ending, answer }) => {
      if (ending.kind !== "done") return [];
      const whole = textFor([{ role: "user", content }], { tokens: TOKENS });
      return text === whole
        ? []
        : [{ fault: "wrong text", detail: `${answer}: ${JSON.stringify({ whole, text })}` }];
    });
  }

  #unfair(): Finding[] {
    return this.#shares.flatMap((shares) => {
      const index = jain(shares);
      return index >= FAIRNESS_MIN ? [] : [{
        fault: "unfair",
        detail: `${index.toFixed(3)} of ${shares.map((share) => share.toFixed(2)).join(" ")}`,
      }];
    });
  }

  async #leaked(): Promise<Finding[]> {
    let left = 0;
    const none = async () => (left = await leasesIn(this.#options.databaseUrl)) === 0;
    for (const end = performance.now() + LEASES_MS; performance.now() < end;) {
      if (await none()) return [];
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return [{ fault: "leaked lease", detail: `${left} leases after ${LEASES_MS} ms of quiet` }];
  }
}

async function addKey(
  { url, key }: AiCrowdOptions,
  upstream: UpstreamProcess,
  model: string,
  n: number,
): Promise<void> {
  const { baseUrl, secret } = await upstream.credential({
    id: `${model}-${n}`,
    protocol: "openai",
    limits: LIMITS,
  });
  const { startsPerSecond, inFlight: inFlightMax } = LIMITS;
  await post(`${url}/v1/ai/keys`, key, {
    ...{ provider: "openai", label: `${model} key ${n}`, baseUrl, secret },
    uses: [{ feature: "text", model, inFlightMax, startsPerSecond }],
  });
}

async function askerOf(url: string, name: string, model: string): Promise<Asker> {
  const { token } = await post(`${url}/v1/guests`, undefined, { name }) as { token: string };
  return new Asker(name, model, dialSocket(`${url.replace("http", "ws")}/v1/ws`, token));
}

async function until(done: () => boolean, patienceMs: number): Promise<boolean> {
  for (const end = performance.now() + patienceMs; performance.now() < end;) {
    if (done()) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return done();
}

async function post(url: string, key: string | undefined, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Cannot post to ${url}: ${response.status} ${await response.text()}`);
  return await response.json();
}
