import { z } from "zod";
import type { Fault, FaultPlan } from "./faults.ts";
import type { HttpConnection } from "./http_connection.ts";
import { type Counts, Limits, Meter, noCounts } from "./limits.ts";

export type Feature = "text" | "image" | "slides";

export const CredentialSpec = z.strictObject({
  id: z.string().min(1),
  protocol: z.enum(["openai", "spark"]).default("openai"),
  /** Of every feature and model, each for itself. */
  limits: Limits.default({ startsPerSecond: 2, inFlight: 2 }),
  /** Limits of single uses, by `feature:model`. */
  uses: z.record(z.string(), Limits).default({}),
  /** Models it may use; all when missing. */
  models: z.array(z.string()).optional(),
});
export type CredentialSpec = z.input<typeof CredentialSpec>;

/** A credential of the simulator in the form in which providers get it. */
export interface UpstreamCredential {
  readonly id: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly secret: Readonly<Record<string, string>>;
}

export interface KnownCredential {
  readonly id: string;
  readonly secret: Readonly<Record<string, string>>;
  readonly spec: z.infer<typeof CredentialSpec>;
  calls: number;
}

/** A call that came in: its fault, and whether it may run. It ends once, however often that is said. */
export interface OpenCall {
  readonly fault: Fault | undefined;
  /** Checks the limits; from `admitted` on it is in flight. */
  admit(): "rate" | "concurrency" | "admitted";
  count(tokens: { prompt?: number; completion?: number }): void;
  leave(how: "completed" | "faults"): void;
}

/** Who may call, and the books of all calls. */
export class CallDesk {
  readonly #credentials = new Map<string, KnownCredential>();
  readonly #meters = new Map<string, { credential: string; use: string; meter: Meter }>();
  readonly #plan: FaultPlan;
  readonly #now: () => number;
  #unused: (() => void)[] = [];
  #called: { readonly calls: number; readonly resolve: () => void }[] = [];

  constructor(plan: FaultPlan, now: () => number) {
    this.#plan = plan;
    this.#now = now;
  }

  add(credential: KnownCredential): void {
    this.#credentials.set(credential.id, credential);
  }

  /** Who holds this value in this field of the secret. */
  find(field: string, value: string | undefined): KnownCredential | undefined {
    return [...this.#credentials.values()].find(({ secret }) => secret[field] === value);
  }

  open(connection: HttpConnection, credential: KnownCredential, feature: Feature, model: string): OpenCall {
    const meter = this.#meter(credential, `${feature}:${model}`);
    const fault = this.#plan.next({ credential: credential.id, feature, n: ++credential.calls });
    this.#tellCalled();
    let inFlight = false;
    const leave = (how: "completed" | "abandoned" | "faults") => {
      if (inFlight) meter.leave(how);
      else if (how === "faults") meter.counts.faults++;
      inFlight = false;
      connection.onGone = undefined;
      if (this.#running() === 0) { for (const resolve of this.#unused.splice(0)) resolve(); }
    };
    return {
      fault,
      admit() {
        const admitted = meter.admit();
        inFlight = admitted === "admitted";
        if (!inFlight) return admitted;
        connection.onGone = () => leave("abandoned");
        if (connection.gone) leave("abandoned");
        return admitted;
      },
      count({ prompt = 0, completion = 0 }) {
        meter.counts.promptTokens += prompt;
        meter.counts.completionTokens += completion;
      },
      leave,
    };
  }

  counts(credential?: string, use?: string): Counts {
    const sum = noCounts();
    for (const entry of this.#meters.values()) {
      if (credential !== undefined && entry.credential !== credential) continue;
      if (use !== undefined && entry.use !== use) continue;
      for (const key of Object.keys(sum) as (keyof Counts)[]) {
        const highest = key === "maxStarts" || key === "maxInFlight";
        sum[key] = highest ? Math.max(sum[key], entry.meter.counts[key]) : sum[key] + entry.meter.counts[key];
      }
    }
    return sum;
  }

  uses(): { credential: string; use: string; counts: Counts }[] {
    return [...this.#meters.values()].map(({ credential, use, meter }) => ({
      ...{ credential, use, counts: { ...meter.counts } },
    }));
  }

  forget(): void {
    this.#meters.clear();
    for (const credential of this.#credentials.values()) credential.calls = 0;
  }

  /** Resolves when nothing is in flight. */
  async unused(): Promise<void> {
    if (this.#running() > 0) await new Promise<void>((resolve) => this.#unused.push(resolve));
  }

  /** Resolves when so many calls have come in, whatever became of them. */
  async called(calls: number): Promise<void> {
    if (this.#calls() < calls) await new Promise<void>((resolve) => this.#called.push({ calls, resolve }));
  }

  #tellCalled(): void {
    const calls = this.#calls();
    for (const waiting of this.#called.filter((each) => each.calls <= calls)) waiting.resolve();
    this.#called = this.#called.filter((each) => each.calls > calls);
  }

  #calls(): number {
    return [...this.#credentials.values()].reduce((sum, { calls }) => sum + calls, 0);
  }

  #running(): number {
    let sum = 0;
    for (const { meter } of this.#meters.values()) sum += meter.counts.inFlight;
    return sum;
  }

  #meter(credential: KnownCredential, use: string): Meter {
    const key = `${credential.id} ${use}`;
    const known = this.#meters.get(key)?.meter;
    if (known !== undefined) return known;
    const meter = new Meter(credential.spec.uses[use] ?? credential.spec.limits, this.#now);
    this.#meters.set(key, { credential: credential.id, use, meter });
    return meter;
  }
}
