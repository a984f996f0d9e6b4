export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly answers: Readonly<Record<string, number>>;
  /** The same for the same seed, or the run does not replay. */
  readonly fingerprint: string;
}
