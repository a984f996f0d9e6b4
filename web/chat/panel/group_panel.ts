import type { ConversationView, GroupView } from "client/mod.ts";
import type { GroupSettings, MemberPage } from "protocol/chat.ts";
import { AssistantForm } from "../../assistant/assistant_form.ts";
import { showAvatar } from "../../shell/avatar.ts";
import { find } from "../../shell/dom.ts";
import { attempt } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import { showActions } from "./action_list.ts";
import { groupActions, leavingActions } from "./group_actions.ts";
import { memberMenu, ROLE_WORDS } from "./member_menu.ts";
import { memberRow } from "./member_row.ts";
import type { PanelOptions } from "./panel_options.ts";

type OneMember = MemberPage["members"][number];

const MEMBERS_SHOWN = 50;
const ROLES = ["owner", "admin", "member"] as const;

/** Who is in a group, what it is set to, and what one may do there. */
export class GroupPanel {
  readonly #root: HTMLElement;
  readonly #options: PanelOptions;
  readonly #assistant: AssistantForm;
  #shown: string | undefined;
  /** The version of the newest change that was seen. */
  #changedAt = 0;
  #members: readonly OneMember[] = [];
  #next: string | undefined;

  constructor(root: HTMLElement, options: PanelOptions, signal: AbortSignal) {
    this.#root = root;
    this.#options = options;
    this.#assistant = new AssistantForm(find(root, "[data-assistant]", HTMLElement), {
      models: options.models,
      words: complaintOf,
      read: () => options.conversation.assistant(),
      set: (assistant) => options.conversation.setAssistant(assistant),
      remove: () => options.conversation.setAssistant(null),
    });
    find(root, "[data-more]", HTMLButtonElement).addEventListener("click", () => this.#more());
    const settings = find(root, "[data-settings]", HTMLElement);
    settings.addEventListener("change", ({ target }) => this.#set(target));
    const stop = options.chat.on("asked", ({ conversation }) => {
      if (conversation === options.conversation.id) this.#load();
    });
    signal.addEventListener("abort", stop);
  }

  show(view: ConversationView): void {
    const { group, title } = view;
    if (group === undefined) return;
    const { conversation } = this.#options;
    find(this.#root, ".panel-title", HTMLElement).textContent = title;
    const avatar = find(this.#root, ".panel-face .avatar", HTMLElement);
    showAvatar(avatar, title);
    avatar.classList.add("group");
    find(this.#root, ".panel-note", HTMLElement).textContent = `Number ${group.number}`;
    const announcement = find(this.#root, ".panel-announcement", HTMLElement);
    announcement.hidden = (group.announcement ?? "") === "";
    announcement.textContent = group.announcement ?? "";
    find(this.#root, ".members-count", HTMLElement).textContent = String(group.members);
    showActions(
      find(this.#root, "[data-actions]", HTMLElement),
      groupActions(conversation, view, () => this.#load()),
    );
    showActions(find(this.#root, "[data-leaving]", HTMLElement), leavingActions(conversation, view));
    this.#showSettings(group);
    this.#assistant.show(isChief(group), group.assistant);
    // A change of the members or of anybody's role is a message.
    this.#changedAt = Math.max(this.#changedAt, lastChange(view));
    const shown = `${group.role} ${group.members} ${this.#changedAt}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#load();
  }

  async #load(): Promise<void> {
    const { conversation, view } = this.#options;
    const chief = isChief(conversation.view?.group ?? view.group);
    await attempt(async () => {
      const [page, asked, invited] = await Promise.all([
        conversation.members({ limit: MEMBERS_SHOWN }),
        chief ? conversation.members({ state: "asked" }) : undefined,
        chief ? conversation.members({ state: "invited" }) : undefined,
      ]);
      this.#members = page.members;
      this.#next = page.next;
      this.#showMembers();
      this.#showAsked(asked?.members ?? []);
      this.#showInvited(invited?.members ?? []);
    }, complaintOf);
  }

  async #more(): Promise<void> {
    const { conversation } = this.#options;
    await attempt(async () => {
      const after = this.#next;
      const page = await conversation.members({
        limit: MEMBERS_SHOWN,
        ...(after !== undefined && { after }),
      });
      this.#members = [...this.#members, ...page.members];
      this.#next = page.next;
      this.#showMembers();
    }, complaintOf);
  }

  #showMembers(): void {
    const { me, conversation, chat, openUser } = this.#options;
    const own = conversation.view?.group?.role ?? "member";
    const sorted = this.#members.toSorted((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
    find(this.#root, "[data-members] .members", HTMLElement).replaceChildren(
      ...sorted.map((member) =>
        memberRow({
          user: member.user,
          own: member.user.id === me,
          badge: member.kind === "assistant" ? "AI" : ROLE_WORDS[member.role],
          online: chat.presenceOf(member.user.id)?.online ?? false,
          menu: member.user.id === me ? [] : memberMenu(conversation, own, member, openUser),
        })
      ),
    );
    find(this.#root, "[data-more]", HTMLElement).hidden = this.#next === undefined;
  }

  #showAsked(members: readonly OneMember[]): void {
    const { conversation } = this.#options;
    this.#showSection("[data-asked]", members, ({ user }) => [
      { icon: "check", text: "Let in", act: () => this.#decide(() => conversation.approve(user.id)) },
      { icon: "close", text: "Decline", act: () => this.#decide(() => conversation.decline(user.id)) },
    ]);
  }

  #showInvited(members: readonly OneMember[]): void {
    const { conversation } = this.#options;
    this.#showSection("[data-invited]", members, ({ user }) => [
      { icon: "close", text: "Withdraw", act: () => this.#decide(() => conversation.decline(user.id)) },
    ]);
  }

  #showSection(
    selector: string,
    members: readonly OneMember[],
    buttons: (member: OneMember) => Parameters<typeof memberRow>[0]["buttons"] & object,
  ): void {
    const section = find(this.#root, selector, HTMLElement);
    section.hidden = members.length === 0;
    find(section, ".members", HTMLElement).replaceChildren(
      ...members.map((member) => memberRow({ user: member.user, own: false, buttons: buttons(member) })),
    );
  }

  async #decide(act: () => Promise<void>): Promise<void> {
    if (await attempt(act, complaintOf)) await this.#load();
  }

  #showSettings(group: GroupView): void {
    const section = find(this.#root, "[data-settings]", HTMLElement);
    section.hidden = !isChief(group);
    find(section, "[name=join]", HTMLSelectElement).value = group.join ?? "approval";
    showDays(find(section, "[name=retentionDays]", HTMLSelectElement), group);
    for (const name of ["mutedAll", "historyForNewcomers"] as const) {
      find(section, `[name=${name}]`, HTMLInputElement).checked = group[name] ?? false;
    }
  }

  async #set(target: EventTarget | null): Promise<void> {
    const { conversation } = this.#options;
    const settings = settingOf(target);
    if (settings === undefined) return;
    if (await attempt(() => conversation.update(settings), complaintOf)) return;
    const group = conversation.view?.group;
    if (group !== undefined) this.#showSettings(group);
  }
}

/** The owner's affair, as what is gone is gone for everybody. */
function showDays(select: HTMLSelectElement, { role, retentionDays = 0 }: GroupView): void {
  select.disabled = role !== "owner";
  const value = String(retentionDays);
  if (![...select.options].some((option) => option.value === value)) {
    select.add(new Option(`After ${retentionDays} days`, value));
  }
  select.value = value;
}

function settingOf(target: EventTarget | null): Partial<GroupSettings> | undefined {
  if (target instanceof HTMLSelectElement && target.name === "retentionDays") {
    return { retentionDays: Number(target.value) };
  }
  if (target instanceof HTMLSelectElement) {
    const join = (["open", "approval", "invite"] as const).find((policy) => policy === target.value);
    return join && { join };
  }
  if (!(target instanceof HTMLInputElement)) return undefined;
  return target.name === "mutedAll" ? { mutedAll: target.checked } : { historyForNewcomers: target.checked };
}

export function isChief(group: GroupView | undefined): boolean {
  return group?.role === "owner" || group?.role === "admin";
}

function lastChange({ last }: ConversationView): number {
  return last?.kind === "change" ? last.version : 0;
}
