/** What the answers of a node have come to since its start. */
export class AnswerMeters {
  done = 0;
  failed = 0;
  cancelled = 0;
  /** Calls made again with another credential, before anything was shown. */
  repeated = 0;
  /** Streams that broke and were gone on with. */
  continued = 0;
  /** Questions over somebody's budget. */
  overBudget = 0;
}
