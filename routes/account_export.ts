import { createRoute, z } from "@hono/zod-openapi";
import { accountActor } from "actors/account/definition.ts";
import { conversationActor, type ConversationVerbs } from "actors/conversation/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { Account, LoginSessions } from "protocol/accounts.ts";
import { Message } from "protocol/chat.ts";
import type { MembershipStore } from "storage/conversation_storage.ts";
import type { Storage } from "storage/storage.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { answersOf, ExportedAnswer, ExportedThread, threadsOf } from "./ai_export.ts";
import { createHttpApp, failure } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import { askForLess } from "./page_fit.ts";
import type { UserCaller } from "./tokens.ts";

const PAGE = 100;

const Exported = z.object({
  account: Account,
  ...LoginSessions.shape,
  /** What one sees of it, and what one has sent. */
  conversations: z.array(z.object({ conversation: z.unknown(), messages: z.array(Message) })),
  threads: z.array(ExportedThread),
  /** What one asked outside threads. */
  answers: z.array(ExportedAnswer),
});

const read = createRoute({
  method: "get",
  path: "/v1/account/export",
  summary: "Take one's own data along, as one JSON document",
  description:
    "The account, its sessions; for each conversation one is in how one sees it, and what one sent; what one " +
    "asked of AI, and the answers.",
  tags: ["accounts"],
  security: [{ token: [] }],
  responses: {
    200: {
      description: "Sent piece by piece; a document that does not end was cut off",
      content: { "application/json": { schema: Exported } },
    },
    default: failure,
  },
});

export interface ExportParts {
  readonly node: ActorNode;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly storage: Pick<Storage, "memberships" | "threads" | "answers">;
  /** Each reads everything one has ever said. */
  readonly limiter: AddressLimiter;
}

export function exportRoutes({ node, authenticator, storage, limiter }: ExportParts) {
  return createHttpApp().openapi(read, async (c) => {
    const { caller } = await memberOf(authenticator, c.req.raw);
    await limiter.take(c.env.address);
    const account = node.ref(accountActor, caller.user.id, caller);
    const head = { account: await account.read({}), ...await account.sessions({}) };
    const body = ReadableStream.from(documentOf(head, {
      conversations: conversationsOf(node, storage.memberships, caller),
      threads: threadsOf(storage, caller.user.id),
      answers: answersOf(storage.answers, caller.user.id),
    }));
    const response = new Response(body.pipeThrough(new TextEncoderStream()), {
      headers: {
        "content-type": "application/json",
        "content-disposition": 'attachment; filename="barrage.json"',
        "cache-control": "no-store",
      },
    });
    // Written as it is read, so hono cannot know that the text is what the schema says.
    return response as never;
  });
}

/** Goes on when the piece before has been taken. */
async function* documentOf(
  head: object,
  lists: Readonly<Record<string, AsyncIterable<AsyncIterable<string>>>>,
): AsyncGenerator<string> {
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, elements] of Object.entries(lists)) {
    yield `,${JSON.stringify(name)}:[`;
    let separator = "";
    for await (const element of elements) {
      for await (const piece of element) {
        yield separator + piece;
        separator = "";
      }
      separator = ",";
    }
    yield "]";
  }
  yield "}";
}

async function* conversationsOf(
  node: ActorNode,
  memberships: Pick<MembershipStore, "ofUser">,
  caller: UserCaller,
): AsyncGenerator<AsyncIterable<string>> {
  let after: string | undefined;
  do {
    const page = await memberships.ofUser(caller.user.id, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { conversation, state } of page) {
      if (state === "invited" || state === "asked") continue;
      yield conversationOf(node.ref(conversationActor, conversation, caller), caller.user.id);
    }
    after = page.length === PAGE ? page.at(-1)?.conversation : undefined;
  } while (after !== undefined);
}

/** What the user may see of it, and what he has sent, as it stands now. */
async function* conversationOf(ref: Ref<ConversationVerbs>, user: string): AsyncGenerator<string> {
  let version = 0;
  let separator = "";
  for (let more = true, first = true; more; first = false) {
    const page = await askForLess(PAGE, (limit) => ref.since({ version, limit }));
    const { conversation, messages } = page.delta;
    if (first) yield `{"conversation":${JSON.stringify(conversation)},"messages":[`;
    for (const message of messages) {
      if (message.kind !== "sent" || message.sender.id !== user) continue;
      yield separator + JSON.stringify(message);
      separator = ",";
    }
    version = page.delta.version;
    more = page.more;
  }
  yield "]}";
}
