import { type FaultKind, UpstreamFault } from "actors/ai/provider.ts";

/** What the interface's codes mean to a pool; those that are missing are taken for a passing trouble. */
const CODES: Readonly<Record<FaultKind, readonly number[]>> = {
  rate: [11_202],
  concurrency: [11_203],
  quota: [11_200, 11_201],
  auth: [10_015, 11_500, 20_007],
  forbidden: [10_016],
  busy: [10_008, 10_110],
  clock: [],
  invalid: [10_003, 10_004, 10_005, 10_163, 11_501, 20_002],
  context: [10_907],
  // The outline of a slide deck fails when its words are sensitive.
  moderation: [10_013, 10_014, 10_019, 10_021, 10_022, 20_005],
  malformed: [],
  stalled: [],
  cut: [],
  transient: [
    ...[10_000, 10_001, 10_002, 10_009, 10_010, 10_011, 10_012, 10_222],
    // The user's name is in use. The next lease has another one; a second call under this one nobody would count.
    ...[10_006, 10_007],
    ...[20_006, 9_999],
  ],
};
const KINDS = new Map(
  (Object.entries(CODES) as [FaultKind, number[]][]).flatMap(([kind, codes]) =>
    codes.map((code) => [code, kind] as const)
  ),
);

const DAILY = 11_201;
const RATE = 11_202;
const RATE_MS = 1_000;
const DAY_MS = 86_400_000;
/** Their days begin at midnight in China, which has no summer time. */
const CHINA_MS = 8 * 3_600_000;

export function faultOfCode(code: number, now: number): UpstreamFault {
  const kind = KINDS.get(code) ?? "transient";
  const retryAfterMs = code === RATE ? RATE_MS : code === DAILY ? untilMidnightInChina(now) : undefined;
  return new UpstreamFault(kind, `Spark answered ${code}`, {
    code: String(code),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === "busy" ? { providerWide: true } : {}),
  });
}

/** A refused handshake or request: with a wrong clock the signature is refused by 403, whoever's it is. */
export function faultOfStatus(status: number): UpstreamFault {
  const kind = kindOfStatus(status);
  return new UpstreamFault(kind, `Spark answered with status ${status}`, {
    code: String(status),
    ...(kind === "busy" || kind === "clock" ? { providerWide: true } : {}),
  });
}

function kindOfStatus(status: number): FaultKind {
  switch (status) {
    case 401:
      return "auth";
    case 403:
      return "clock";
    case 404:
      return "forbidden";
    case 429:
      return "rate";
    case 503:
      return "busy";
    default:
      return status >= 500 ? "transient" : "invalid";
  }
}

export function untilMidnightInChina(now: number): number {
  return DAY_MS - (now + CHINA_MS) % DAY_MS;
}
