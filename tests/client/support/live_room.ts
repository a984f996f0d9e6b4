import { createGuest, problemError } from "client/mod.ts";

/** A guest who has opened a room. */
export async function openRoom(
  url: string,
  { name = "Ann", title = "Test room" } = {},
): Promise<{ id: string; token: string; user: { id: string; name: string } }> {
  const { token, user } = await createGuest({ url, name });
  const response = await fetch(`${url}/v1/rooms`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ title }),
  });
  if (!response.ok) throw await problemError(response);
  const { id } = await response.json();
  return { id, token, user };
}
