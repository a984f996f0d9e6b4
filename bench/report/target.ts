/** What the project sets out to reach, and whether one run did. */
export interface Target {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}
