const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Exponential backoff with full jitter (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter): the first
 * retry within 0.5 s, later ones within twice the bound before, at most 30 s. A thousand clients of a server that
 * restarts spread over the whole interval.
 */
export function backoff(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16)));
}
