import type {
  Conversation as ConversationView,
  GroupSummary,
  History,
  Joining,
  MemberPage,
  Message,
} from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { MembershipStore } from "storage/conversation_storage.ts";
import { type AssistantPorts, withoutAssistants } from "actors/ai/assistant/ports.ts";
import { Admission, type AdmissionPorts } from "./admission.ts";
import { Assisting } from "./assisting.ts";
import type { ConversationVerb, ConversationVerbs } from "./definition.ts";
import { Cursors, type DeliveredCall, type ReadCall } from "./cursors.ts";
import { Directs, type DirectsPorts } from "./directs.ts";
import { Group, type GroupPorts } from "./group.ts";
import { type Admitted, Ledger, type LedgerPorts } from "./ledger.ts";
import { authorize } from "./permissions.ts";
import { Reading } from "./reading.ts";
import { Reporting, type ReportingPorts } from "./reporting.ts";
import { Revising } from "./revising.ts";
import { type SendCall, Sending, type SendingPorts } from "./sending.ts";
import { Sweeping } from "./sweeping.ts";
import { Typing } from "./typing.ts";

export type ConversationPorts =
  & LedgerPorts
  & DirectsPorts
  & SendingPorts
  & AdmissionPorts
  & GroupPorts
  & ReportingPorts
  & {
    readonly memberships: MembershipStore;
    /** @default There is no AI. */
    readonly assistants?: AssistantPorts;
  };

type In<V extends ConversationVerb> = Input<ConversationVerbs[V]>;
type Out<V extends ConversationVerb> = Output<ConversationVerbs[V]>;
type Nothing = Record<string, never>;

export function conversationFactory(ports: ConversationPorts): Factory<ConversationVerbs> {
  return (self) => new Conversation(self, ports);
}

/** Who may do what; the parts do it. */
class Conversation implements Behaviour<ConversationVerbs> {
  readonly #ports: ConversationPorts;
  readonly #ledger: Ledger;
  readonly #directs: Directs;
  readonly #sending: Sending;
  readonly #revising: Revising;
  readonly #reading: Reading;
  readonly #cursors: Cursors;
  readonly #reporting: Reporting;
  readonly #sweeping: Sweeping;
  readonly #typing: Typing;
  readonly #assisting: Assisting;
  readonly #admission: Admission;
  readonly #group: Group;

  constructor(self: Self, ports: ConversationPorts) {
    this.#ports = ports;
    this.#ledger = new Ledger(self, ports);
    this.#directs = new Directs(this.#ledger, ports);
    this.#typing = new Typing(self, this.#ledger, ports.limits);
    const assistants = ports.assistants ?? withoutAssistants();
    this.#assisting = new Assisting(self, this.#ledger, this.#typing, ports.messages, assistants);
    this.#sending = new Sending(self, this.#ledger, this.#directs, this.#assisting, ports);
    this.#revising = new Revising(this.#ledger, ports);
    this.#reading = new Reading(this.#ledger, ports.messages);
    this.#cursors = new Cursors(this.#ledger);
    this.#reporting = new Reporting(self, this.#ledger, ports);
    this.#sweeping = new Sweeping(this.#ledger, ports);
    this.#admission = new Admission(this.#ledger, ports);
    this.#group = new Group(this.#ledger, ports);
  }

  async onActivate(): Promise<void> {
    await this.#ledger.load();
    this.#assisting.wake();
  }

  async open({ peer }: In<"open">, { caller }: Turn): Promise<ConversationView> {
    const { author } = await this.#ledger.admit("open", caller, peer);
    if (this.#ledger.exists) return await this.#reading.view(author.id);
    return this.#reading.empty(await this.#ports.people.find(peer ?? ""));
  }

  async send(calls: readonly SendCall[]): Promise<void> {
    await this.#sending.send(calls);
  }

  async edit(input: In<"edit">, { caller }: Turn): Promise<Message> {
    const { author } = await this.#admitInside("edit", caller);
    return await this.#revising.edit(input, author);
  }

  async recall({ seq }: In<"recall">, { caller }: Turn): Promise<Message> {
    const { author, roles } = await this.#admitInside("recall", caller);
    return await this.#revising.recall(seq, author, roles);
  }

  async read(calls: readonly ReadCall[]): Promise<void> {
    const { admitted, authors } = await this.#admitAll("read", calls);
    if (admitted.length > 0) await this.#cursors.read(admitted, authors);
  }

  async delivered(calls: readonly DeliveredCall[]): Promise<void> {
    const { admitted, authors } = await this.#admitAll("delivered", calls);
    if (admitted.length > 0) await this.#cursors.deliver(admitted, authors);
  }

  async report(input: In<"report">, { caller }: Turn): Promise<Out<"report">> {
    const { author, row } = await this.#admitInside("report", caller);
    if (row === undefined) throw new BarrageError("forbidden");
    return { id: await this.#reporting.report(input, author, row) };
  }

  async typing(_input: Nothing, { caller }: Turn): Promise<Nothing> {
    const { author, roles } = await this.#admitInside("typing", caller);
    this.#typing.show(author, roles);
    return {};
  }

  async settings(input: In<"settings">, { caller }: Turn): Promise<ConversationView> {
    const { author } = await this.#admitInside("settings", caller);
    const { muted, pinned, archived } = input;
    await this.#reading.set({
      ...(muted === undefined ? {} : { muted }),
      ...(pinned === undefined ? {} : { pinned }),
      ...(archived === undefined ? {} : { archived }),
    }, author.id);
    return await this.#reading.view(author.id);
  }

  async block({ peer, blocked }: In<"block">, { caller }: Turn): Promise<ConversationView> {
    const { author } = await this.#ledger.admit("block", caller, peer);
    await this.#directs.block(author, peer, blocked);
    if (this.#ledger.exists) return await this.#reading.view(author.id);
    return this.#reading.empty(await this.#ports.people.find(peer ?? ""));
  }

  async since({ version, limit }: In<"since">, { caller }: Turn): Promise<Out<"since">> {
    const { row } = await this.#admitInside("since", caller);
    if (row === undefined) throw new BarrageError("forbidden");
    return await this.#reading.since(version, limit, row);
  }

  async history(range: In<"history">, { caller }: Turn): Promise<History> {
    const { author } = await this.#admitInside("history", caller);
    return await this.#reading.history(range, author.id);
  }

  async create(input: In<"create">, { caller }: Turn): Promise<ConversationView> {
    const { author } = await this.#ledger.admit("create", caller);
    await this.#group.create(input, author);
    return await this.#reading.view(author.id);
  }

  async preview({ link }: In<"preview">, { caller }: Turn): Promise<GroupSummary> {
    const { roles } = await this.#admitInside("preview", caller);
    const { settings, link: valid } = this.#ledger.group;
    const open = settings.join !== "invite" || (link !== undefined && link === valid);
    if (!open && (roles.includes("outsider") || roles.includes("former"))) {
      throw new BarrageError("forbidden", "Only the invited see this group");
    }
    return this.#reading.summary();
  }

  async join({ link }: In<"join">, { caller }: Turn): Promise<Joining> {
    const { author, row } = await this.#admitInside("join", caller);
    return await this.#admission.join(author, row, link, () => this.#reading.view(author.id));
  }

  async leave(_input: Nothing, { caller }: Turn): Promise<Nothing> {
    const { row } = await this.#admitInside("leave", caller);
    if (row !== undefined) await this.#admission.leave(row);
    return {};
  }

  async invite({ users }: In<"invite">, { caller }: Turn): Promise<Out<"invite">> {
    const { author, roles } = await this.#admitInside("invite", caller);
    return { users: await this.#admission.invite(users, author, roles) };
  }

  async approve({ user }: In<"approve">, { caller }: Turn): Promise<Nothing> {
    const { author } = await this.#admitInside("approve", caller);
    await this.#admission.approve(user, author);
    return {};
  }

  async decline({ user }: In<"decline">, { caller }: Turn): Promise<Nothing> {
    await this.#admitInside("decline", caller);
    await this.#admission.decline(user);
    return {};
  }

  async remove({ user }: In<"remove">, { caller }: Turn): Promise<Nothing> {
    const { author, roles } = await this.#admitInside("remove", caller);
    if (user === this.#ledger.group.assistant?.id) await this.#assisting.remove(author);
    else await this.#admission.remove(user, author, roles);
    return {};
  }

  async role({ user, role }: In<"role">, { caller }: Turn): Promise<Nothing> {
    const { author } = await this.#admitInside("role", caller);
    await this.#group.setRole(user, role, author);
    return {};
  }

  async transfer({ user }: In<"transfer">, { caller }: Turn): Promise<Nothing> {
    const { author } = await this.#admitInside("transfer", caller);
    await this.#group.transfer(user, author);
    return {};
  }

  async update(input: In<"update">, { caller }: Turn): Promise<ConversationView> {
    const { author, roles } = await this.#admitInside("update", caller);
    await this.#group.update(input, author, roles);
    return await this.#reading.view(author.id);
  }

  async setAssistant({ assistant }: In<"setAssistant">, { caller }: Turn): Promise<ConversationView> {
    const { author } = await this.#admitInside("setAssistant", caller);
    if (assistant === null) await this.#assisting.remove(author);
    else await this.#assisting.set(assistant, author);
    return await this.#reading.view(author.id);
  }

  async assist({ wake }: In<"assist">, { caller }: Turn): Promise<Nothing> {
    authorize("assist", caller, undefined);
    await this.#ledger.load();
    await this.#assisting.assist(wake);
    return {};
  }

  async heard(news: In<"heard">, { caller }: Turn): Promise<Nothing> {
    authorize("heard", caller, undefined);
    await this.#assisting.heard(news);
    return {};
  }

  async link(_input: Nothing, { caller }: Turn): Promise<Out<"link">> {
    await this.#admitInside("link", caller);
    return { link: await this.#group.link() };
  }

  async unlink(_input: Nothing, { caller }: Turn): Promise<Nothing> {
    await this.#admitInside("unlink", caller);
    await this.#group.unlink();
    return {};
  }

  async members({ state, after, limit }: In<"members">, { caller }: Turn): Promise<MemberPage> {
    const { roles } = await this.#admitInside("members", caller);
    return await this.#group.members(state, { after, limit }, roles);
  }

  async membersAmong({ users }: In<"membersAmong">, { caller }: Turn): Promise<Out<"membersAmong">> {
    await this.#ledger.load();
    authorize("membersAmong", caller, undefined);
    if (!this.#ledger.exists) return { version: 0, members: [] };
    const { members } = this.#ledger.present;
    return { version: this.#ledger.membersVersion, members: users.filter((user) => members.has(user)) };
  }

  async sweep({ now, limit }: In<"sweep">, { caller }: Turn): Promise<Out<"sweep">> {
    await this.#ledger.load();
    authorize("sweep", caller, undefined);
    return { swept: this.#ledger.exists ? await this.#sweeping.sweep(now, limit) : 0 };
  }

  /** Those who may; the others are told why not. */
  async #admitAll<C extends ReadCall | DeliveredCall>(verb: ConversationVerb, calls: readonly C[]) {
    const admitted: C[] = [];
    const authors: Admitted["author"][] = [];
    for (const call of calls) {
      try {
        authors.push((await this.#admitInside(verb, call.caller)).author);
        admitted.push(call);
      } catch (error) {
        if (!(error instanceof BarrageError)) throw error;
        call.fail(error);
      }
    }
    return { admitted, authors };
  }

  /** @throws {BarrageError} `not_found` when there is no such conversation. */
  async #admitInside(verb: ConversationVerb, caller: Turn["caller"]): Promise<Admitted> {
    const admitted = await this.#ledger.admit(verb, caller);
    if (!this.#ledger.exists) throw new BarrageError("not_found", `No conversation ${this.#ledger.id}`);
    return admitted;
  }
}
