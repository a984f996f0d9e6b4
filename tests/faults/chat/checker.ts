import { checkCopy } from "./check_copies.ts";
import { checkLog } from "./check_log.ts";
import { SightChecker } from "./check_sights.ts";
import { Stays } from "./stays.ts";
import type { ChatViolation, Deed, Story } from "./story.ts";

const NEVER: ReadonlySet<string> = new Set([
  ...["internal", "cycle", "moved", "invalid_params", "invalid_request", "unknown_method"],
]);

/** Finds whatever a story says that a cluster must not do to those who chat, whatever happens to its parts. */
export function checkChat({ deeds, devices, conversations }: Story): ChatViolation[] {
  const found: ChatViolation[] = [];
  const byConversation = Map.groupBy(deeds, ({ conversation }) => conversation);
  const sights = new SightChecker();
  const stays = new Map<string, Stays>();
  for (const [id, stored] of conversations) {
    const here = byConversation.get(id) ?? [];
    const stay = new Stays(stored, historyAtFirst(here));
    stays.set(id, stay);
    found.push(...checkLog(id, stored, here, stay));
    sights.add(id, stored, here, stay);
  }
  for (const [id, here] of byConversation) {
    const acked = here.some(({ act, tries }) =>
      act.what === "send" && tries.some(({ answer }) => answer === "ok")
    );
    if (acked && !conversations.has(id)) found.push({ fault: "lost", detail: `${id} is not there at all` });
  }
  for (const { user, conversation, act, tries } of deeds) {
    const answer = tries.find(({ answer }) => answer !== undefined && NEVER.has(answer))?.answer;
    if (answer === undefined) continue;
    found.push({
      fault: "failed",
      detail: `${user}'s ${act.what} in ${conversation} was answered ${answer}`,
    });
  }
  for (const device of devices) {
    found.push(...sights.check(device));
    for (const [id, stored] of conversations) found.push(...checkCopy(device, id, stored, stays.get(id)!));
    for (const id of device.copies.keys()) {
      if (!conversations.has(id)) {
        found.push({ fault: "differs", detail: `${device.device} knows ${id}, which is not there` });
      }
    }
  }
  return found;
}

function historyAtFirst(deeds: readonly Deed[]): boolean {
  const created = deeds.find(({ act }) => act.what === "create");
  return created?.act.what === "create" && created.act.historyForNewcomers;
}
