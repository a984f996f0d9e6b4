import type { ChatDevice } from "./device.ts";
import { Stays } from "./stays.ts";
import type { Stored } from "./story.ts";

/**
 * Of which conversations that their user is in devices do not know the last that was said.
 * @param looked Those that somebody has looked at since all is well.
 */
export function behindOf(
  conversations: ReadonlyMap<string, Stored>,
  devices: readonly ChatDevice[],
  looked: ReadonlySet<string>,
): ReadonlyMap<ChatDevice, string[]> {
  const behind = new Map<ChatDevice, string[]>();
  const byUser = Map.groupBy(devices, ({ user }) => user);
  for (const [id, stored] of conversations) {
    if (!looked.has(id)) continue;
    const stays = new Stays(stored, false);
    const shown = stored.messages.map(({ message }) => message);
    for (const user of stays.users) {
      const visibleFrom = stored.members.find((member) => member.user === user)?.visibleFrom ?? 1;
      if (stays.open(user) === undefined) continue;
      const mine = shown.filter(({ seq }) => seq >= visibleFrom);
      const last = mine.reduce((latest, { version }) => Math.max(latest, version), 0);
      for (const device of byUser.get(user) ?? []) {
        if ((device.notebook.versions.get(id) ?? 0) >= last) continue;
        const others = behind.get(device);
        if (others === undefined) behind.set(device, [id]);
        else others.push(id);
      }
    }
  }
  return behind;
}

/**
 * Somebody looks at each conversation that anybody knows: an owner may have ended between a commit and telling it, and
 * the next one tells where it stands as soon as it is asked for anything. What nobody knows of, as the answer to its
 * maker was lost, nobody looks at.
 */
export function lookAtAll(devices: readonly ChatDevice[]): ReadonlySet<string> {
  const looked = new Map<string, ChatDevice>();
  for (const device of devices) {
    for (const [conversation, state] of device.notebook.states) {
      if (state === "member") looked.set(conversation, device);
    }
  }
  for (const [conversation, device] of looked) void device.call("chat.open", { conversation });
  return new Set(looked.keys());
}
