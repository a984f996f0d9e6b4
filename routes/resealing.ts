import { createRoute, z } from "@hono/zod-openapi";
import { Resealed } from "protocol/reports.ts";
import type { Storage } from "storage/storage.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator } from "./operators.ts";

const Id = "[0-9A-HJKMNP-TV-Z]{26}";

/** Where a page ended: what is sealed is gone through kind by kind, each in the order of its rows. */
const Cursor = z.union([
  z.string().regex(new RegExp(`^(message|turn):(${Id}:\\d{1,16})?$`)).transform((cursor) => {
    const [kind, id, seq] = cursor.split(":");
    return { kind: kind as "message" | "turn", place: id ? { id, seq: Number(seq) } : undefined } as const;
  }),
  z.string().regex(new RegExp(`^(report|answer|thread):(${Id})?$`)).transform((cursor) => {
    const [kind, id] = cursor.split(":");
    return { kind: kind as "report" | "answer" | "thread", id: id || undefined } as const;
  }),
], "must be the next of an earlier answer");
type Cursor = z.output<typeof Cursor>;

/** What is gone through after which; the last one is followed by nothing. */
const NEXT: Readonly<Record<Cursor["kind"], string | undefined>> = {
  message: "report:",
  report: "answer:",
  answer: "thread:",
  thread: "turn:",
  turn: undefined,
};

const reseal = createRoute({
  method: "post",
  path: "/v1/messages/reseal",
  summary: "Seal a page of what people wrote anew, where it is not sealed with the newest key",
  tags: ["operators"],
  security: [{ token: [] }],
  request: {
    body: {
      content: {
        "application/json": {
          schema: z.strictObject({
            after: Cursor.optional(),
            limit: z.int().min(1).max(1_000).default(200),
          }),
        },
      },
      required: true,
    },
  },
  responses: { 200: json(Resealed, "How far it is; call again with `next` as `after`"), default: failure },
});

type Stores = Pick<Storage, "messages" | "reports" | "answers" | "threads">;

export interface ResealingParts {
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly storage: Stores;
}

export function resealingRoutes({ authenticator, storage }: ResealingParts) {
  return createHttpApp().openapi(reseal, async (c) => {
    admitOperator(await authenticator.callerOf(c.req.raw), "chat");
    const { after = { kind: "message", place: undefined }, limit } = c.req.valid("json");
    const page = await resealPage(storage, after, limit);
    if (page !== undefined) return c.json(page, 200);
    const next = NEXT[after.kind];
    return c.json({ ...(next !== undefined && { next }), looked: 0, resealed: 0 }, 200);
  });
}

/** Undefined when there are no more of this kind. */
async function resealPage(
  { messages, reports, answers, threads }: Stores,
  after: Cursor,
  limit: number,
): Promise<z.output<typeof Resealed> | undefined> {
  switch (after.kind) {
    case "message": {
      const place = after.place && { conversation: after.place.id, seq: after.place.seq };
      const page = await messages.reseal(place, limit);
      if (page === undefined) return undefined;
      const { conversation, seq, looked, resealed } = page;
      return { next: `message:${conversation}:${seq}`, looked, resealed };
    }
    case "turn": {
      const place = after.place && { thread: after.place.id, seq: after.place.seq };
      const page = await threads.resealTurns(place, limit);
      if (page === undefined) return undefined;
      const { last: { thread, seq }, looked, resealed } = page;
      return { next: `turn:${thread}:${seq}`, looked, resealed };
    }
    case "report":
    case "answer":
    case "thread": {
      const store = { report: reports, answer: answers, thread: threads }[after.kind];
      const page = await store.reseal(after.id, limit);
      if (page === undefined) return undefined;
      return { next: `${after.kind}:${page.last}`, looked: page.looked, resealed: page.resealed };
    }
  }
}
