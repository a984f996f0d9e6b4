import { createRoute, z } from "@hono/zod-openapi";
import { Account, ConfirmContact, Contact, ContactKind } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import { accountActor } from "actors/account/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { whereabouts } from "./arrivals.ts";
import type { CodeDesk } from "./code_desk.ts";
import type { CodeLimits } from "./code_limits.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { type Member, memberOf } from "./members.ts";
import type { RefusedSignIns } from "./refused_sign_ins.ts";

const tags = ["accounts"];
const security = [{ token: [] }];

const begin = createRoute({
  method: "post",
  path: "/v1/account/contacts",
  summary: "Send a code to an address that is to become a contact",
  tags,
  security,
  request: { body: { content: { "application/json": { schema: Contact } }, required: true } },
  responses: { 202: { description: "The code is on its way" }, default: failure },
});

const confirm = createRoute({
  method: "post",
  path: "/v1/account/contacts/confirm",
  summary: "Add the contact to which the code was sent",
  tags,
  security,
  request: { body: { content: { "application/json": { schema: ConfirmContact } }, required: true } },
  responses: { 200: json(Account, "The account"), default: failure },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/account/contacts/{kind}/{address}",
  summary: "Remove a contact",
  tags,
  security,
  request: { params: z.object({ kind: ContactKind, address: z.string().max(320) }) },
  responses: { 204: { description: "It is none any more" }, default: failure },
});

export interface ContactParts {
  readonly node: Pick<ActorNode, "ref">;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly codes: CodeDesk;
  readonly limits: CodeLimits;
  readonly refused: Pick<RefusedSignIns, "note">;
}

export function contactRoutes({ node, authenticator, codes, limits, refused }: ContactParts) {
  const own = ({ caller }: Member) => node.ref(accountActor, caller.user.id, caller);

  return createHttpApp()
    .openapi(begin, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      const contact = c.req.valid("json");
      if (!codes.reaches(contact.kind)) {
        throw new BarrageError("invalid_params", "Cannot use body.kind: this server sends no codes there", {
          path: "body.kind",
        });
      }
      await own(member).assertConfirmed({});
      await limits.ask(c.env.address, member.caller.user.id, contact.address);
      const { code, codeHash } = await codes.make();
      await own(member).sendCode({ purpose: "contact", ...contact, codeHash });
      await codes.send(contact, "contact", code);
      return c.body(null, 202);
    })
    .openapi(confirm, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      await limits.try(c.env.address);
      const { id } = member.caller.user;
      const codeHash = await codes.hashTyped(id, "contact", c.req.valid("json").code);
      const added = own(member).addContact({ codeHash });
      return c.json(
        await added.catch((error) => {
          const isWrong = error instanceof BarrageError && error.reason === "forbidden";
          if (isWrong) refused.note("code.refused", id, whereabouts(c.req.raw, c.env.address));
          throw error;
        }),
        200,
      );
    })
    .openapi(remove, async (c) => {
      const member = await memberOf(authenticator, c.req.raw);
      const contact = Contact.safeParse(c.req.valid("param"));
      if (!contact.success) throw invalidParams(contact.error, "path");
      await own(member).removeContact(contact.data);
      return c.body(null, 204);
    });
}
