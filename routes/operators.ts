import type { Scope } from "protocol/api_keys.ts";
import { BarrageError } from "protocol/errors.ts";
import { accountActor } from "actors/account/definition.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { SignedIn } from "./verifier.ts";

/**
 * Lets operators in, and programs whose key has the scope: for what no actor owns.
 * @throws {BarrageError} `unauthenticated` for nobody, else `forbidden`.
 */
export function admitOperator(caller: Caller, scope: Scope): SignedIn {
  if (caller.kind === "anonymous") throw new BarrageError("unauthenticated");
  if (caller.kind === "user" && caller.standing === "operator") return caller;
  if (caller.kind === "service" && caller.scopes.includes(scope)) return caller;
  throw new BarrageError("forbidden", `This is for operators, and for API keys with the scope ${scope}`);
}

/**
 * For what an operator must not be able to do with a browser that was left alone, or with a stolen token.
 * @throws {BarrageError} `confirmation_required` when an operator last proved to be there too long ago.
 */
export async function confirmOperator(node: Pick<ActorNode, "ref">, caller: Caller): Promise<void> {
  if (caller.kind !== "user" || caller.standing !== "operator") return;
  await node.ref(accountActor, caller.user.id, caller).assertConfirmed({});
}
