import { createRoute } from "@hono/zod-openapi";
import { ConfirmReset, RequestReset } from "protocol/accounts.ts";
import { whereabouts } from "./arrivals.ts";
import type { CodeLimits } from "./code_limits.ts";
import { createHttpApp, failure } from "./http_app.ts";
import type { Passwords } from "./passwords.ts";
import type { ResetDesk } from "./reset_desk.ts";

const tags = ["sessions"];

const request = createRoute({
  method: "post",
  path: "/v1/password-resets",
  summary: "Have a code sent for a new password",
  description:
    "To a contact of the account with this login or contact. The answer is the same when there is none.",
  tags,
  request: { body: { content: { "application/json": { schema: RequestReset } }, required: true } },
  responses: { 202: { description: "If there is such an account, a code is on its way" }, default: failure },
});

const confirm = createRoute({
  method: "post",
  path: "/v1/password-resets/confirm",
  summary: "Set a new password with the code that was sent; every session ends",
  tags,
  request: { body: { content: { "application/json": { schema: ConfirmReset } }, required: true } },
  responses: { 204: { description: "The password is set: sign in with it" }, default: failure },
});

export interface PasswordResetParts {
  readonly resets: ResetDesk;
  readonly passwords: Pick<Passwords, "choose">;
  readonly limits: CodeLimits;
}

export function passwordResetRoutes({ resets, passwords, limits }: PasswordResetParts) {
  return createHttpApp()
    .openapi(request, async (c) => {
      const { login } = c.req.valid("json");
      await limits.ask(c.env.address, login);
      resets.request(login);
      return c.body(null, 202);
    })
    .openapi(confirm, async (c) => {
      const { login, code, password } = c.req.valid("json");
      await limits.try(c.env.address);
      const hash = await passwords.choose(password, [login]);
      await resets.confirm(login, code, hash, whereabouts(c.req.raw, c.env.address));
      return c.body(null, 204);
    });
}
