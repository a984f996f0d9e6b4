import type { Chat } from "client/mod.ts";
import { plural } from "../../shell/dom.ts";
import { ask } from "../../shell/text_dialog.ts";
import { toast } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";

/** Shows a group one is not in, and joins it if wanted. @throws {BarrageCallError} when it may not be seen. */
export async function offerToJoin(
  chat: Chat,
  id: string,
  link: string | undefined,
  then: { readonly joined: () => void; readonly declined: () => void },
): Promise<void> {
  const { title, members, join, number } = await chat.preview(id, link);
  const asks = join === "approval" && link === undefined;
  let done = false;
  ask({
    title: `Join “${title}”?`,
    note: `${plural(members, "member")}, number ${number}.${asks ? " An admin decides." : ""}`,
    action: asks ? "Ask to join" : "Join",
    words: complaintOf,
    submit: async () => {
      const state = await chat.conversation(id).join(link);
      done = true;
      if (state === "asked") toast("Asked: an admin will let you in");
    },
    closed: () => done ? then.joined() : then.declined(),
  });
}
