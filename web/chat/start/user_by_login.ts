import { BarrageCallError } from "client/mod.ts";
import type { Profile } from "protocol/accounts.ts";
import { request } from "../../shell/api.ts";

/** @throws {BarrageCallError} `not_found`. */
export async function userByLogin(typed: string): Promise<Profile> {
  const login = typed.trim().replace(/^@/, "").toLowerCase();
  const { users } = await request<{ users: Profile[] }>(`/v1/users?${new URLSearchParams({ login })}`);
  const user = users[0];
  if (user === undefined) throw new BarrageCallError("not_found", "Nobody has this login");
  return user;
}
