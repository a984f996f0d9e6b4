import { HttpClient } from "tests/support/http_client.ts";

/** A room, and the token of the guest who opened it. */
export async function openRoom(url: string): Promise<{ id: string; token: string }> {
  const owner = await HttpClient.guest(url, "Ann");
  const { id } = await owner.room();
  return { id, token: owner.token };
}
