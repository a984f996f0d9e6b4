import type { UseState } from "storage/ai_storage.ts";
import type { FaultKind } from "../provider.ts";

/** How a use stands; `until` is monotonic. */
export type Condition =
  | { readonly state: "ready" }
  | { readonly state: "cooling"; readonly until: number; readonly why: string }
  /** Looked at again by a call of its own, at growing intervals. */
  | {
    readonly state: "quota" | "forbidden";
    readonly until: number;
    readonly why: string;
    readonly tries: number;
  }
  | {
    readonly state: "probing";
    readonly of: "quota" | "forbidden";
    readonly why: string;
    readonly tries: number;
  }
  /** Until its operator changes or tests it. */
  | { readonly state: "dead"; readonly why: string };

export const READY: Condition = { state: "ready" };

const MINUTE_MS = 60_000;
/** Clocks jump, and no provider means more than the next day. */
const RESTORED_MAX_MS = 26 * 60 * MINUTE_MS;
/** Shorter ones are over before a new owner has read of them. */
const WORTH_STORING_MS = 5_000;
/** A provider that tells how long is believed up to this. */
const TOLD_MAX_MS = 26 * 60 * MINUTE_MS;

const RATE_MS = 1_000;
const CROWDED_MS = { first: 250, most: 30_000 };
const STUMBLES_BORNE = 3;
const STUMBLE_MS = { first: 1_000, most: MINUTE_MS };
const OUT_MS = {
  quota: { first: MINUTE_MS, most: 60 * MINUTE_MS },
  forbidden: { first: 30 * MINUTE_MS, most: 360 * MINUTE_MS },
};
const LOOK_AGAIN_MS = 15_000;
export const PROVIDER_MS = { first: 1_000, most: MINUTE_MS };
export const CLOCK_MS = { first: 5_000, most: MINUTE_MS };

export function growing({ first, most }: { readonly first: number; readonly most: number }, times: number) {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}

/** What the call that failed says of its credential; nothing when it is not the credential's fault. */
export type Blame =
  /** Too much at once: the learned limit goes down as well. */
  | { readonly kind: "crowded" }
  | { readonly kind: "rate" }
  | { readonly kind: "stumble" }
  | { readonly kind: "out"; readonly of: "quota" | "forbidden" }
  | { readonly kind: "dead" }
  | { readonly kind: "provider" }
  | { readonly kind: "clock" }
  | { readonly kind: "nothing" };

export function blameOf(fault: FaultKind, providerWide: boolean): Blame {
  if (fault === "clock") return { kind: "clock" };
  if (providerWide || fault === "busy") return { kind: "provider" };
  switch (fault) {
    case "rate":
      return { kind: "rate" };
    case "concurrency":
      return { kind: "crowded" };
    case "quota":
    case "forbidden":
      return { kind: "out", of: fault };
    case "auth":
      return { kind: "dead" };
    case "transient":
    case "malformed":
    case "stalled":
    case "cut":
      return { kind: "stumble" };
    case "invalid":
    case "context":
    case "moderation":
      return { kind: "nothing" };
  }
}

export interface Blow {
  readonly blame: Blame;
  readonly why: string;
  /** What the upstream told. */
  readonly retryAfterMs: number | undefined;
  /** Of the same kind in a row, this one included. */
  readonly inRow: number;
}

/** How a use stands after a fault. Whoever cools already does not cool for less. */
export function conditionAfter(
  before: Condition,
  { blame, why, retryAfterMs, inRow }: Blow,
  now: number,
): Condition {
  const told = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, TOLD_MAX_MS);
  switch (blame.kind) {
    case "crowded":
      return cooled(before, now + (told ?? growing(CROWDED_MS, inRow - 1)), why, now);
    case "rate":
      return cooled(before, now + (told ?? RATE_MS), why, now);
    case "stumble":
      if (before.state !== "probing" && inRow < STUMBLES_BORNE) return before;
      return cooled(before, now + (told ?? growing(STUMBLE_MS, inRow - STUMBLES_BORNE)), why, now);
    case "out": {
      if (before.state === "dead") return before;
      const tries = "tries" in before ? before.tries + (before.state === "probing" ? 1 : 0) : 0;
      const until = now + (told ?? growing(OUT_MS[blame.of], tries));
      return { state: blame.of, until: Math.max(until, "until" in before ? before.until : 0), why, tries };
    }
    case "dead":
      return { state: "dead", why };
    case "provider":
    case "clock":
    case "nothing":
      return before.state === "probing" ? unsure(before, now) : before;
  }
}

/** The probe has not told whether it is well again. */
export function unsure({ of, why, tries }: Condition & { state: "probing" }, now: number): Condition {
  return { state: of, until: now + LOOK_AGAIN_MS, why, tries };
}

function cooled(before: Condition, until: number, why: string, now: number): Condition {
  switch (before.state) {
    case "ready":
      return { state: "cooling", until, why };
    case "cooling":
      return until > before.until ? { state: "cooling", until, why } : before;
    case "probing":
      return unsure(before, now);
    case "quota":
    case "forbidden":
    case "dead":
      return before;
  }
}

/** As the next owner is to know it. */
export function toStored(
  condition: Condition,
  now: number,
  wallNow: number,
): Omit<UseState, "credential" | "learned"> {
  switch (condition.state) {
    case "ready":
      return { state: "ready" };
    case "cooling":
      if (condition.until - now < WORTH_STORING_MS) return { state: "ready" };
      return { state: "cooling", until: toWall(condition.until, now, wallNow), why: condition.why };
    case "quota":
    case "forbidden":
      return {
        state: condition.state,
        until: toWall(condition.until, now, wallNow),
        why: condition.why,
      };
    case "probing":
      return { state: condition.of, until: wallNow, why: condition.why };
    case "dead":
      return { state: "dead", why: condition.why };
  }
}

export function fromStored({ state, until, why = "" }: UseState, now: number, wallNow: number): Condition {
  const back = now + Math.min(Math.max(0, (until ?? wallNow) - wallNow), RESTORED_MAX_MS);
  switch (state) {
    case "ready":
      return READY;
    case "cooling":
      return { state, until: back, why };
    case "quota":
    case "forbidden":
      return { state, until: back, why, tries: 0 };
    case "dead":
      return { state, why };
  }
}

/** Two that the next owner need not tell apart. */
export function sameStored(a: Condition, b: Condition, now: number): boolean {
  const one = toStored(a, now, 0);
  const other = toStored(b, now, 0);
  return one.state === other.state && one.until === other.until;
}

function toWall(until: number, now: number, wallNow: number): number {
  return Math.round(wallNow + until - now);
}
