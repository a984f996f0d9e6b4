/** What became of the questions that assistants of this node's groups and rooms were asked, since its start. */
export class AssistantMeters {
  asked = 0;
  answered = 0;
  /** Whoever asked was told, or could have been, that there is no answer. */
  failed = 0;
  /** Not taken, or not wanted any more. */
  dropped = 0;
}
