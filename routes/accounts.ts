import { createRoute, z } from "@hono/zod-openapi";
import {
  Account,
  ChangePassword,
  ConfirmPassword,
  Register,
  SignedIn,
  UpdatedAccount,
  UpdateProfile,
} from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { PersonName } from "protocol/users.ts";
import { accountActor } from "actors/account/definition.ts";
import { endAnswersOf } from "actors/ai/answer/removed.ts";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { AnswerStore } from "storage/ai_storage.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { whereabouts } from "./arrivals.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { type Member, memberOf } from "./members.ts";
import type { PasswordCheck } from "./password_check.ts";
import type { Passwords } from "./passwords.ts";
import type { SessionDesk } from "./session_desk.ts";

const tags = ["accounts"];
const security = [{ token: [] }];

function body<S extends z.ZodType>(schema: S) {
  return { body: { content: { "application/json": { schema } }, required: true } };
}

const register = createRoute({
  method: "post",
  path: "/v1/accounts",
  summary: "Make an account and sign in",
  description: "With a guest's token the guest becomes the account: same id, same rooms. That token ends.",
  tags,
  request: body(Register),
  responses: { 201: json(SignedIn, "The account's first session"), default: failure },
});

const read = createRoute({
  method: "get",
  path: "/v1/account",
  summary: "Show one's own account",
  tags,
  security,
  responses: { 200: json(Account, "The account"), default: failure },
});

const update = createRoute({
  method: "patch",
  path: "/v1/account",
  summary: "Change one's own profile",
  tags,
  security,
  request: body(UpdateProfile),
  responses: { 200: json(UpdatedAccount, "The account; with a new name also a new token"), default: failure },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/account",
  summary: "Remove one's own account for good; its login stays taken",
  tags,
  security,
  responses: { 204: { description: "Removed" }, default: failure },
});

const confirm = createRoute({
  method: "post",
  path: "/v1/account/confirm",
  summary: "Give the password again, for what is sensitive",
  tags,
  security,
  request: body(ConfirmPassword),
  responses: { 204: { description: "Confirmed" }, default: failure },
});

const changePassword = createRoute({
  method: "post",
  path: "/v1/account/password",
  summary: "Set a new password; every other session ends",
  description: "`current` confirms it at the same time.",
  tags,
  security,
  request: body(ChangePassword),
  responses: { 200: json(z.object({ ended: z.int() }), "How many other sessions ended"), default: failure },
});

export interface AccountParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "credentials">;
  readonly answers: Pick<AnswerStore, "open">;
  readonly authenticator: Pick<Authenticator, "identify" | "callerOf">;
  readonly passwords: Pick<Passwords, "choose">;
  readonly check: Pick<PasswordCheck, "confirm">;
  readonly desk: SessionDesk;
  readonly registrations: AddressLimiter;
}

export function accountRoutes(parts: AccountParts) {
  const { node, accounts, answers, authenticator, passwords, check, desk, registrations } = parts;
  const own = ({ caller }: Member) => node.ref(accountActor, caller.user.id, caller);

  return createHttpApp()
    .openapi(register, async (c) => {
      const { login, password, name, transport } = c.req.valid("json");
      desk.admit(c.req.raw, transport);
      await registrations.take(c.env.address);
      const guest = await guestOf(c.req.raw);
      if (await accounts.credentials(login) !== undefined) {
        throw new BarrageError("conflict", "The login is taken");
      }
      const shown = name ?? keptName(guest?.caller.user.name) ?? login;
      const hash = await passwords.choose(password, [login, shown]);
      const id = guest?.caller.user.id ?? node.ports.ids.next();
      await node.ref(accountActor, id, guest?.caller ?? ANONYMOUS).create({
        login,
        name: shown,
        password: hash,
        ...(guest === undefined ? {} : { guest: { session: guest.caller.session, until: guest.expiresAt } }),
      });
      const proof = { by: "password", hash } as const;
      return c.json(await desk.begin(c, id, { proof }, transport), 201, { location: "/v1/account" });
    })
    .openapi(read, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      c.header("cache-control", "no-store");
      return c.json(await own(member).read({}), 200);
    })
    .openapi(update, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      const account = await own(member).update(c.req.valid("json"));
      const { id, name } = account;
      if (name === member.caller.user.name) return c.json(account, 200);
      return c.json({ ...account, ...await desk.rename(c, member, { id, name }) }, 200);
    })
    .openapi(remove, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      await own(member).remove({});
      await endAnswersOf(member.caller.user.id, { node, answers });
      desk.forgetAccount(c);
      return c.body(null, 204);
    })
    .openapi(confirm, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      await confirmBy(member, c.req.valid("json").password, whereabouts(c.req.raw, c.env.address));
      return c.body(null, 204);
    })
    .openapi(changePassword, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      const { current, password } = c.req.valid("json");
      if (current !== undefined) await confirmBy(member, current, whereabouts(c.req.raw, c.env.address));
      await own(member).assertConfirmed({});
      const { login, name } = await own(member).read({});
      const hash = await passwords.choose(password, [login, name]);
      return c.json(await own(member).setPassword({ hash }), 200);
    });

  async function confirmBy(
    member: Member,
    password: string,
    where: Parameters<PasswordCheck["confirm"]>[2],
  ): Promise<void> {
    const { user, session } = member.caller;
    const hash = await check.confirm(user.id, password, where);
    await own(member).confirm({ session, proof: { by: "password", hash } });
  }

  /** @throws {BarrageError} `conflict` for somebody who has an account, `forbidden` for programs. */
  async function guestOf(request: Request): Promise<Member | undefined> {
    const verified = await authenticator.identify(request);
    if (verified === undefined) return undefined;
    const { caller, expiresAt } = verified;
    if (caller.kind !== "user") throw new BarrageError("forbidden", "Programs have keys and no accounts");
    if (caller.standing !== "guest") {
      throw new BarrageError("conflict", "Sign out first: you have an account");
    }
    return { caller, expiresAt };
  }
}

/** A guest's name may be from before names were held to what they are held to now. */
function keptName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : PersonName.safeParse(name).data;
}
