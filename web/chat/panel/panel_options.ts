import type { Chat, ChatConversation, ConversationView } from "client/mod.ts";

export interface PanelOptions {
  readonly chat: Chat;
  readonly conversation: ChatConversation;
  readonly me: string | undefined;
  /** Names of the models that can be asked. */
  readonly models: () => Promise<readonly string[]>;
  readonly view: ConversationView;
  readonly openUser: (user: string) => void;
  readonly closed: () => void;
}
