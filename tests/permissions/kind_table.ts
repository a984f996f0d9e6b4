import type { ActorDefinition } from "actors/runtime/definition.ts";
import { BarrageError } from "protocol/errors.ts";

/** Whether somebody may: any other refusal has to do with what is asked for, not with who asks. */
export type Verdict = "may" | "forbidden" | "unauthenticated";

/** The callers who may; all others are told `forbidden`, but those whom signing in could help. */
export interface Row<C extends string> {
  readonly may: readonly C[];
  /** @default {["anonymous"]} */
  readonly unauthenticated?: readonly C[];
}

/** Who may call which verb of one kind of actor, as it should be, and how to find out how it is. */
export interface KindTable<C extends string = string> {
  readonly definition: ActorDefinition;
  readonly callers: readonly C[];
  /** Roles the code knows, and those that the callers play here. */
  readonly roles: { readonly known: readonly string[]; readonly played: readonly string[] };
  readonly rows: Readonly<Record<string, Row<C>>>;
  readonly open: () => Promise<OpenActor<C>>;
}

/** One actor to try things on. */
export interface OpenActor<C extends string> extends AsyncDisposable {
  call(verb: string, caller: C): Promise<unknown>;
  /** All that a call could have changed. */
  state(): Promise<unknown>;
}

export function expected<C extends string>({ may, unauthenticated }: Row<C>, caller: C): Verdict {
  if (may.includes(caller)) return "may";
  const couldSignIn = unauthenticated?.includes(caller) ?? caller === "anonymous";
  return couldSignIn ? "unauthenticated" : "forbidden";
}

export async function verdictOf(call: Promise<unknown>): Promise<Verdict> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof BarrageError)) throw error;
    if (error.reason === "forbidden" || error.reason === "unauthenticated") return error.reason;
  }
  return "may";
}
