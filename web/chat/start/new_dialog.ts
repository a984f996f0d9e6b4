import { BarrageCallError, type Chat } from "client/mod.ts";
import type { GroupSummary, JoinPolicy } from "protocol/chat.ts";
import { clone, find, make, plural } from "../../shell/dom.ts";
import { startForm } from "../../shell/form.ts";
import { toast } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import { type Place, placeIn } from "../place.ts";
import { userByLogin } from "./user_by_login.ts";

export interface NewDialogOptions {
  readonly chat: Chat;
  readonly me: string | undefined;
  readonly openUser: (user: string) => void;
  readonly openGroup: (id: string) => void;
  readonly go: (place: Place) => void;
}

/** Asks whom to write to, what group to make, or which one to join. */
export function openNewDialog(options: NewDialogOptions): void {
  const dialog = find(clone("new-dialog"), "dialog", HTMLDialogElement);
  startTabs(dialog);
  find(dialog, "[data-close]", HTMLButtonElement).addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  startPerson(dialog, options);
  startCreate(dialog, options);
  startFind(dialog, options);
  dialog.showModal();
  find(dialog, "#person", HTMLInputElement).focus();
}

function startPerson(dialog: HTMLDialogElement, { me, openUser }: NewDialogOptions): void {
  startForm(find(dialog, "#new-person", HTMLFormElement), {
    submit: async (typed) => {
      const { id } = await userByLogin(typed.get("login") ?? "");
      if (id === me) throw new BarrageCallError("invalid_params", "That is you");
      dialog.close();
      openUser(id);
    },
    explain: (error) => ({
      field: "login",
      text: error.reason === "not_found" || error.reason === "invalid_params" && error.path !== undefined
        ? "Nobody here has this login"
        : complaintOf(error),
    }),
  });
  const copy = find(dialog, "[data-own-link]", HTMLButtonElement);
  copy.addEventListener("click", async () => {
    const link = `${location.origin}/chat/with/${me}`;
    try {
      await navigator.clipboard.writeText(link);
      toast("Link copied: who opens it can write to you");
    } catch {
      prompt("Who opens this link can write to you", link);
    }
  });
}

const POLICIES: readonly JoinPolicy[] = ["approval", "open", "invite"];

function startCreate(dialog: HTMLDialogElement, { chat, openGroup }: NewDialogOptions): void {
  const form = find(dialog, "#new-create", HTMLFormElement);
  startForm(form, {
    submit: async (typed) => {
      const policy = find(form, "select", HTMLSelectElement).value;
      const join = POLICIES.find((join) => join === policy) ?? "approval";
      const { id } = await chat.createGroup({ title: (typed.get("title") ?? "").trim(), join });
      dialog.close();
      openGroup(id);
    },
    explain: (error) => ({ text: complaintOf(error) }),
  });
}

function startFind(dialog: HTMLDialogElement, options: NewDialogOptions): void {
  const form = find(dialog, "#new-find", HTMLFormElement);
  const list = find(form, ".found", HTMLElement);
  startForm(form, {
    submit: async (typed) => {
      const what = (typed.get("what") ?? "").trim();
      const place = placeIn(what, location.origin);
      if (place !== undefined) {
        dialog.close();
        return options.go(place);
      }
      const number = what.replaceAll(/[\s-]/g, "");
      const groups = await options.chat.findGroups(/^\d{3,}$/.test(number) ? { number } : { title: what });
      list.replaceChildren(...groups.map((group) =>
        found(group, () => {
          dialog.close();
          options.openGroup(group.id);
        })
      ));
      if (groups.length === 0) throw new BarrageCallError("not_found", "No group is called like this");
    },
    explain: (error) => ({
      field: "what",
      text: error.reason === "not_found" ? "No group is called like this" : complaintOf(error),
    }),
  });
}

const COMERS = {
  open: "Open to everybody",
  approval: "An admin lets people in",
  invite: "By invitation only",
};

function found({ title, number, members, join }: GroupSummary, open: () => void): HTMLElement {
  const item = make("li", "");
  const button = make("button", "found-group");
  button.type = "button";
  button.append(
    make("span", "found-title", title),
    make("span", "found-note", `${plural(members, "member")} · ${COMERS[join]} · ${number}`),
  );
  button.addEventListener("click", open);
  item.append(button);
  return item;
}

function startTabs(dialog: HTMLElement): void {
  const tabs = [...dialog.querySelectorAll<HTMLElement>("[role=tab]")];
  const choose = (chosen: HTMLElement) => {
    for (const tab of tabs) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      const panel = find(dialog, `#${tab.getAttribute("aria-controls")}`, HTMLFormElement);
      panel.hidden = !selected;
      if (selected) panel.querySelector("input")?.focus();
    }
  };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const next = tabs.at((index + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0)) % tabs.length);
      if (next === undefined || next === tab) return;
      choose(next);
      next.focus();
    });
  }
}
