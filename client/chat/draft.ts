import type { Attachment } from "protocol/chat.ts";

/** What one says: a text, attachments, or both. */
export interface Draft {
  readonly text?: string;
  readonly attachments?: readonly Attachment[];
  /** Ids of users. */
  readonly mentions?: readonly string[];
  /** The `seq` of the message this one answers. */
  readonly replyTo?: number;
}
