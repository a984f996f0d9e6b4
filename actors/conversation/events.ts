import type { Headers } from "actors/bus/bus.ts";
import type { DeliveryCursor, Message, OwnSettingsChanged, ReadCursor, Swept } from "protocol/chat.ts";
import type { User } from "protocol/users.ts";
import type { z } from "zod";

const encoder = new TextEncoder();

/**
 * One change as `barrage.v1.evt.conversation.<id>.changed`: the body is the params of a notification, for those who pass
 * it on without reading it. Headers: `method`, the notification's name; `version`, that of the change; `to`, ids of the
 * only users it is for, missing when it is for all; `hidden`, ids of members it is not for, who miss nothing by that:
 * they came after the message of which it tells. The ledger adds `previous`, the version of the change for all before
 * this one: who does not know that one has missed something; and `members`: since that version nobody has come or gone.
 * Without a body and a `method`, as `...loaded`, it only says where the conversation stands.
 */
export interface PublishedEvent {
  readonly body: Uint8Array;
  readonly headers: Headers;
}

export function messageEvent(message: Message, hiddenFrom: readonly string[] = []): PublishedEvent {
  const method = message.kind === "recalled" ? "chat.recalled" : "chat.message";
  const { body, headers } = event(method, message);
  return { body, headers: hiddenFrom.length === 0 ? headers : { ...headers, hidden: hiddenFrom.join() } };
}

export function readEvent(cursor: ReadCursor, to?: readonly string[]): PublishedEvent {
  return event("chat.read", cursor, to);
}

export function deliveredEvent(cursor: DeliveryCursor, to?: readonly string[]): PublishedEvent {
  return event("chat.delivered", cursor, to);
}

export function sweptEvent(swept: Swept): PublishedEvent {
  return event("chat.swept", swept);
}

export function settingsEvent(
  settings: z.infer<typeof OwnSettingsChanged>,
  to: readonly string[],
): PublishedEvent {
  return event("chat.settings", settings, to);
}

export function askedEvent(
  asked: { conversation: string; version: number; user: User },
  to: readonly string[],
): PublishedEvent {
  return event("chat.asked", asked, to);
}

function event(method: string, params: { readonly version: number }, to?: readonly string[]): PublishedEvent {
  return {
    body: encoder.encode(JSON.stringify(params)),
    headers: { method, version: String(params.version), ...(to === undefined ? {} : { to: to.join() }) },
  };
}
