import type { LoginSession } from "protocol/accounts.ts";
import { BarrageCallError } from "client/mod.ts";
import { find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import { ago } from "./ago.ts";
import type { Desk } from "./desk.ts";
import { makeRow } from "./row.ts";

/** Everywhere the account is signed in; resolves when it is shown. */
export async function startSessions(part: HTMLElement, desk: Desk): Promise<void> {
  const rows = find(part, ".rows", HTMLElement);
  const others = find(part, "[data-others]", HTMLButtonElement);
  const status = find(part, ".form-error", HTMLElement);
  const failed = (error: unknown) => {
    status.textContent = messageOf(error);
  };

  async function show(): Promise<void> {
    try {
      const sessions = await desk.api.sessions();
      const sorted = [...sessions].sort((a, b) =>
        Number(b.current) - Number(a.current) || b.usedAt - a.usedAt
      );
      rows.replaceChildren(...sorted.map((session) => row(session)));
      others.hidden = sessions.length < 2;
      status.textContent = "";
    } catch (error) {
      failed(error);
    }
  }

  function row({ id, device, place, usedAt, current }: LoginSession): HTMLElement {
    const content = {
      icon: /android|ios|phone|ipad/i.test(device) ? "phone" : "laptop",
      title: device,
      note: current ? place : `${place} · active ${ago(usedAt)}`,
    };
    if (current) return makeRow({ ...content, badge: "This browser" }, failed);
    const act = async () => {
      try {
        await desk.api.endSession(id);
      } catch (error) {
        // It has ended in the meantime.
        if (!(error instanceof BarrageCallError) || error.reason !== "not_found") throw error;
      }
      await show();
    };
    const action = { text: "Sign out", label: `Sign out ${device}, ${place}`, act };
    return makeRow({ ...content, action }, failed);
  }

  others.addEventListener("click", async () => {
    others.disabled = true;
    try {
      await desk.api.endOthers();
      await show();
    } catch (error) {
      failed(error);
    } finally {
      others.disabled = false;
    }
  });
  let shown = Promise.resolve();
  // A new password ends the others.
  desk.follow(() => shown = show());
  await shown;
}
