import { directId, groupId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, type ConversationVerbs } from "actors/conversation/definition.ts";
import type { CallOptions } from "actors/runtime/call.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { HistoryRange } from "protocol/chat.ts";
import type { ChatMethod } from "protocol/chat_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import { askForLess } from "../../page_fit.ts";
import type { SignedIn } from "../../verifier.ts";

/** Calls that the conversation itself answers; the others need the socket, or more than one conversation. */
export type ConversationMethod = Exclude<ChatMethod, "chat.sync" | "chat.presence" | "chat.find">;

export interface ChatCall {
  readonly node: ActorNode;
  readonly caller: SignedIn;
  readonly options: CallOptions;
}

type Calls = {
  readonly [M in ConversationMethod]: (call: ChatCall, params: Parsed<M>) => Promise<Result<M>>;
};

const CALLS: Calls = {
  "chat.open": (call, params) => {
    const { id, peer } = addressed(call, params);
    return refTo(call, id).open({ peer }, call.options);
  },
  "chat.send": (call, { conversation, to, ...message }) => {
    const { id: key, peer } = addressed(call, { conversation, to });
    return refTo(call, key).send({ ...message, peer }, call.options);
  },
  "chat.edit": (call, { conversation, ...edit }) => refTo(call, conversation).edit(edit, call.options),
  "chat.recall": (call, { conversation, seq }) => refTo(call, conversation).recall({ seq }, call.options),
  "chat.read": (call, { conversation, seq }) => refTo(call, conversation).read({ seq }, call.options),
  "chat.delivered": (call, { conversation, seq }) =>
    refTo(call, conversation).delivered({ seq }, call.options),
  "chat.report": (call, { conversation, ...report }) =>
    refTo(call, conversation).report(report, call.options),
  "chat.typing": (call, { conversation }) => refTo(call, conversation).typing({}, call.options),
  "chat.history": (call, { conversation, ...range }) =>
    askForLess(
      range.limit,
      (limit) => refTo(call, conversation).history(rangeOf({ ...range, limit }), call.options),
    ),
  "chat.settings": (call, { conversation, ...settings }) =>
    refTo(call, conversation).settings(settings, call.options),
  "chat.block": (call, { blocked, ...who }) => {
    const { id, peer } = addressed(call, who);
    return refTo(call, id).block({ peer, blocked }, call.options);
  },
  "chat.create": (call, group) =>
    refTo(call, groupId(call.caller.user.id, group.id)).create(group, call.options),
  "chat.preview": (call, { conversation, link }) => refTo(call, conversation).preview({ link }, call.options),
  "chat.join": (call, { conversation, link }) => refTo(call, conversation).join({ link }, call.options),
  "chat.leave": (call, { conversation }) => refTo(call, conversation).leave({}, call.options),
  "chat.invite": (call, { conversation, users }) => refTo(call, conversation).invite({ users }, call.options),
  "chat.approve": (call, { conversation, user }) => refTo(call, conversation).approve({ user }, call.options),
  "chat.decline": (call, { conversation, user }) => refTo(call, conversation).decline({ user }, call.options),
  "chat.remove": (call, { conversation, user }) => refTo(call, conversation).remove({ user }, call.options),
  "chat.role": (call, { conversation, user, role }) =>
    refTo(call, conversation).role({ user, role }, call.options),
  "chat.transfer": (call, { conversation, user }) =>
    refTo(call, conversation).transfer({ user }, call.options),
  "chat.update": (call, { conversation, ...settings }) =>
    refTo(call, conversation).update(settings, call.options),
  "chat.assistant": (call, { conversation, assistant }) =>
    refTo(call, conversation).setAssistant({ assistant }, call.options),
  "chat.link": (call, { conversation }) => refTo(call, conversation).link({}, call.options),
  "chat.unlink": (call, { conversation }) => refTo(call, conversation).unlink({}, call.options),
  "chat.members": (call, { conversation, ...page }) => refTo(call, conversation).members(page, call.options),
};

export function isConversationMethod(method: ChatMethod): method is ConversationMethod {
  return Object.hasOwn(CALLS, method);
}

/**
 * Sends the call to its conversation; calls of one socket to one conversation keep their order, and none waits for
 * another's answer.
 * @param params Parsed by the schema of the method.
 */
export async function callConversation(
  method: ConversationMethod,
  call: ChatCall,
  params: unknown,
): Promise<unknown> {
  return await CALLS[method](call, params as never);
}

function refTo({ node, caller }: ChatCall, conversation: string): Ref<ConversationVerbs> {
  return node.ref(conversationActor, conversation, caller);
}

interface Address {
  readonly conversation?: string | undefined;
  readonly to?: string | undefined;
}

function addressed({ caller }: ChatCall, { conversation, to }: Address) {
  if (conversation !== undefined) return { id: conversation, peer: undefined };
  if (to === undefined) throw new BarrageError("invalid_params", "Say which conversation");
  if (to === caller.user.id) {
    throw new BarrageError("invalid_params", "Nobody has a conversation with himself", { path: "params.to" });
  }
  return { id: directId(caller.user.id, to), peer: to };
}

interface Range {
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly limit: number;
}

/** The schema lets exactly one of them through. */
export function rangeOf({ before, after, around, limit }: Range): HistoryRange {
  if (before !== undefined) return { before, limit };
  if (after !== undefined) return { after, limit };
  return { around: around ?? 1, limit };
}
