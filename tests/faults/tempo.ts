/** How long things take: the settings of the nodes, and how long and how often the suite hurts them. */
export interface Tempo {
  readonly leaseTtlMs: number;
  readonly leaseRenewMs: number;
  readonly settleMs: number;
  /** An outage longer than any lease. */
  readonly outageMs: number;
  /** Time for a planned change to show. */
  readonly calmMs: number;
  /** What the machine may add to every bound. */
  readonly slackMs: number;
  /** What the machine may add to a bound that is met many times, by not running a process that is ready to. */
  readonly stallMs: number;
  /** The slowest that a link gets, one way. A commit takes five ways there and back, a renewal a few more. */
  readonly delayMaxMs: number;
  readonly stormClients: number;
  /** Of a slot that an AI model's key lends, in seconds. */
  readonly slotTermSeconds: number;
  /** How long it is looked at what a machine does while nothing is hurt, where that is asked. */
  readonly measureMs: number;
  /** Those who chat. */
  readonly chatUsers: number;
  /** Of everything in the table, how many repetitions. */
  readonly share: number;
}

/** As nodes run in production. */
export const FULL: Tempo = {
  leaseTtlMs: 10_000,
  leaseRenewMs: 2_500,
  settleMs: 30_000,
  outageMs: 20_000,
  calmMs: 3_000,
  slackMs: 2_500,
  stallMs: 300,
  delayMaxMs: 150,
  stormClients: 5_000,
  slotTermSeconds: 10,
  measureMs: 10_000,
  chatUsers: 200,
  share: 1,
};

/** Short leases and one of each, for a build machine that does much else. */
export const SHORT: Tempo = {
  leaseTtlMs: 3_000,
  leaseRenewMs: 600,
  settleMs: 2_000,
  outageMs: 5_000,
  calmMs: 1_000,
  slackMs: 6_000,
  stallMs: 1_800,
  delayMaxMs: 40,
  stormClients: 200,
  // Longer than an outage and what follows from it, or who stood still would be right to call late.
  slotTermSeconds: 6,
  measureMs: 3_000,
  chatUsers: 40,
  share: 0,
};

/** The longest time from a node's death until another has taken its shards over. */
export function takeoverMs({ leaseTtlMs, leaseRenewMs, slackMs }: Tempo): number {
  return leaseTtlMs + leaseRenewMs + slackMs;
}
