import { BarrageError } from "protocol/errors.ts";
import type { Authenticator } from "./identify.ts";
import type { UserCaller } from "./tokens.ts";
import type { Verified } from "./verifier.ts";

export type Member = Verified & { readonly caller: UserCaller };

/**
 * Who sends the request, if it is somebody with an account.
 * @throws {BarrageError} `unauthenticated` for nobody, `forbidden` for guests and programs.
 */
export async function memberOf(
  authenticator: Pick<Authenticator, "identify">,
  request: Request,
): Promise<Member> {
  const verified = await authenticator.identify(request);
  if (verified === undefined) throw new BarrageError("unauthenticated");
  const { caller } = verified;
  if (caller.kind !== "user" || caller.standing === "guest") {
    throw new BarrageError("forbidden", "This is for those who have an account");
  }
  return { ...verified, caller };
}
