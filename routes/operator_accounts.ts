import { createRoute, z } from "@hono/zod-openapi";
import { Account, AccountRow, Accounts, Login, LoginSessions, SiteRole } from "protocol/accounts.ts";
import { Ulid } from "protocol/ids.ts";
import { accountActor } from "actors/account/definition.ts";
import { endAnswersOf } from "actors/ai/answer/removed.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AccountRecord, AccountStore } from "storage/account_storage.ts";
import type { AnswerStore } from "storage/ai_storage.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator, confirmOperator } from "./operators.ts";

const tags = ["operators"];
const security = [{ token: [] }];
const params = z.object({ account: Ulid });
const DEFAULT_PAGE = 100;

const list = createRoute({
  method: "get",
  path: "/v1/accounts",
  summary: "List accounts by login",
  tags,
  security,
  request: {
    query: z.object({
      after: z.string().max(64).optional(),
      /** Only the one with this login. */
      login: Login.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(DEFAULT_PAGE),
    }),
  },
  responses: { 200: json(Accounts, "A page of accounts, removed ones too"), default: failure },
});

const read = createRoute({
  method: "get",
  path: "/v1/accounts/{account}",
  summary: "Show an account as it sees itself",
  tags,
  security,
  request: { params },
  responses: { 200: json(Account, "The account"), default: failure },
});

const update = createRoute({
  method: "patch",
  path: "/v1/accounts/{account}",
  summary: "Make somebody an operator, or none any more",
  tags,
  security,
  request: {
    params,
    body: {
      content: { "application/json": { schema: z.strictObject({ role: SiteRole }) } },
      required: true,
    },
  },
  responses: { 200: json(Account, "The account"), default: failure },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/accounts/{account}",
  summary: "Remove an account for good; its login stays taken",
  tags,
  security,
  request: { params },
  responses: { 204: { description: "Removed" }, default: failure },
});

const sessions = createRoute({
  method: "get",
  path: "/v1/accounts/{account}/sessions",
  summary: "List where the account is signed in",
  tags,
  security,
  request: { params },
  responses: { 200: json(LoginSessions, "The sessions"), default: failure },
});

const endSessions = createRoute({
  method: "delete",
  path: "/v1/accounts/{account}/sessions",
  summary: "Sign the account out everywhere",
  tags,
  security,
  request: { params },
  responses: { 200: json(z.object({ ended: z.int() }), "How many sessions ended"), default: failure },
});

export interface OperatorAccountParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "list" | "read" | "credentials">;
  readonly answers: Pick<AnswerStore, "open">;
  readonly authenticator: Pick<Authenticator, "callerOf">;
}

/** What operators do about accounts; whether they may, the account itself decides. */
export function operatorAccountRoutes({ node, accounts, answers, authenticator }: OperatorAccountParts) {
  const accountFor = async (request: Request, id: string) =>
    node.ref(accountActor, id, await authenticator.callerOf(request));
  async function confirmedAccountFor(request: Request, id: string) {
    const caller = await authenticator.callerOf(request);
    await confirmOperator(node, caller);
    return node.ref(accountActor, id, caller);
  }
  return createHttpApp()
    .openapi(list, async (c) => {
      admitOperator(await authenticator.callerOf(c.req.raw), "accounts");
      const { after, login, limit } = c.req.valid("query");
      if (login !== undefined) {
        const found = await byLogin(accounts, login);
        return c.json({ accounts: found === undefined ? [] : [rowOf(found)] }, 200);
      }
      const records = await accounts.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) });
      const page = records.slice(0, limit).map(rowOf);
      const next = records.length > limit ? page.at(-1)?.login : undefined;
      return c.json({ accounts: page, ...(next === undefined ? {} : { next }) }, 200);
    })
    .openapi(read, async (c) => {
      const { account } = c.req.valid("param");
      return c.json(await (await accountFor(c.req.raw, account)).read({}), 200);
    })
    .openapi(update, async (c) => {
      const { account } = c.req.valid("param");
      return c.json(await (await confirmedAccountFor(c.req.raw, account)).setRole(c.req.valid("json")), 200);
    })
    .openapi(remove, async (c) => {
      const { account } = c.req.valid("param");
      await (await confirmedAccountFor(c.req.raw, account)).remove({});
      await endAnswersOf(account, { node, answers });
      return c.body(null, 204);
    })
    .openapi(sessions, async (c) => {
      const { account } = c.req.valid("param");
      return c.json(await (await accountFor(c.req.raw, account)).sessions({}), 200);
    })
    .openapi(endSessions, async (c) => {
      const { account } = c.req.valid("param");
      return c.json(await (await accountFor(c.req.raw, account)).signOut({ which: "all" }), 200);
    });
}

async function byLogin(
  accounts: OperatorAccountParts["accounts"],
  login: string,
): Promise<AccountRecord | undefined> {
  const found = await accounts.credentials(login);
  const record = found && await accounts.read(found.id);
  return record?.login === login ? record : undefined;
}

function rowOf({ id, login, name, role, state, createdAt }: AccountRecord): AccountRow {
  return { id, login, name, role, state, createdAt };
}
