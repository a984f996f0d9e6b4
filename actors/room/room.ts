import {
  assistantOf,
  type AssistantPorts,
  sameAssistant,
  shownTo,
  withoutAssistants,
} from "actors/ai/assistant/ports.ts";
import type { OwnAssistant, SetAssistant } from "protocol/assistants.ts";
import { BarrageError } from "protocol/errors.ts";
import {
  type CreateRoom,
  DEFAULT_ROOM_SETTINGS,
  type Joined,
  type MessagePage,
  type Mute,
  type Mutes as MuteList,
  type Position,
  type Room as RoomView,
  type UpdateRoom,
} from "protocol/rooms.ts";
import { codePoints } from "protocol/text.ts";
import type { User } from "protocol/users.ts";
import type { z } from "zod";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { RoomPatch, RoomRecord, Write } from "storage/storage.ts";
import { Assisting } from "./assisting.ts";
import { Conversation, type ConversationPorts, type SayCall } from "./conversation.ts";
import type { Input } from "actors/runtime/definition.ts";
import type { Attendance, RoomVerbs } from "./definition.ts";
import { Mutes } from "./mutes.ts";
import { authorize, authorizeMuting, isAboveMutes } from "./permissions.ts";

export interface RoomPorts extends ConversationPorts {
  readonly drops: Drops;
  /** @default There is no AI. */
  readonly assistants?: AssistantPorts;
}

export function roomFactory(ports: RoomPorts): Factory<RoomVerbs> {
  return (self) => new Room(self, ports);
}

type Nothing = Record<string, never>;

/** What the room is, who is what in it, and who may do what. */
class Room implements Behaviour<RoomVerbs> {
  readonly #self: Self;
  readonly #ports: RoomPorts;
  readonly #conversation: Conversation;
  readonly #assistants: AssistantPorts;
  readonly #assisting: Assisting;
  #record: RoomRecord | undefined;
  #mutes = new Mutes([]);

  constructor(self: Self, ports: RoomPorts) {
    this.#self = self;
    this.#ports = ports;
    this.#conversation = new Conversation(self, ports, (records) => this.#assisting.said(records));
    this.#assistants = ports.assistants ?? withoutAssistants();
    this.#assisting = this.#assist();
  }

  async onActivate(): Promise<void> {
    const { rooms, directory } = this.#ports;
    const { key, epoch } = this.#self;
    const record = await rooms.acquire(key, epoch);
    if (record === undefined) return;
    this.#keep(record);
    if (record.state !== "live") directory.closed(key, record.state);
    await this.#conversation.restore(record);
  }

  async onPassivate(): Promise<void> {
    await this.#conversation.flush();
  }

  onEnd(): void {
    this.#ports.directory.counted(this.#self.key, 0);
    this.#assisting.end();
  }

  async create(input: z.output<typeof CreateRoom>, { caller }: Turn): Promise<RoomView> {
    authorize("create", caller, undefined);
    if (this.#record !== undefined) throw new BarrageError("conflict", "The room exists already");
    if (caller.kind !== "user" && caller.kind !== "service") throw new BarrageError("forbidden");
    const record: RoomRecord = {
      id: this.#self.key,
      title: input.title,
      owner: caller.user,
      moderators: [],
      mutes: [],
      state: "live",
      settings: mergeSettings(DEFAULT_ROOM_SETTINGS, input.settings),
      createdAt: this.#self.clock.now(),
      head: 0,
      total: 0,
    };
    const created = await this.#ports.rooms.create(record, this.#self.epoch);
    if (!created) throw new BarrageError("conflict", "The room exists already");
    this.#keep(record);
    this.#ports.directory.opened(record.id);
    this.#self.publish("opened", new TextEncoder().encode("{}"));
    return this.#view(record);
  }

  info(_input: unknown, { caller }: Turn): RoomView {
    const record = this.#present();
    authorize("info", caller, record);
    return this.#view(record);
  }

  async update(input: z.output<typeof UpdateRoom>, { caller }: Turn): Promise<RoomView> {
    const record = this.#present();
    authorize("update", caller, record);
    this.#open();
    return this.#view(
      await this.#change(record, {
        ...(input.title === undefined ? {} : { title: input.title }),
        ...(input.settings === undefined ? {} : { settings: mergeSettings(record.settings, input.settings) }),
        ...(input.state === undefined ? {} : { state: input.state, endedAt: this.#self.clock.now() }),
      }),
    );
  }

  async remove(_input: unknown, { caller }: Turn): Promise<Nothing> {
    const record = this.#present();
    authorize("remove", caller, record);
    await this.#change(record, { state: "deleted", endedAt: record.endedAt ?? this.#self.clock.now() }, [
      this.#ports.rooms.erase(record.id),
      this.#self.cancelTimer("trim"),
    ]);
    this.#conversation.clear();
    return {};
  }

  async appoint({ user }: { user: string }, { caller }: Turn): Promise<RoomView> {
    const record = this.#present();
    authorize("appoint", caller, record);
    this.#open();
    const { moderators, owner } = record;
    if (moderators.includes(user)) return this.#view(record);
    if (user === owner.id) throw new BarrageError("conflict", "The owner needs no appointment");
    const { moderatorsMax } = this.#ports.limits;
    if (moderators.length >= moderatorsMax) {
      throw new BarrageError("conflict", `A room has at most ${moderatorsMax} moderators`);
    }
    return this.#view(await this.#change(record, { moderators: [...moderators, user] }));
  }

  async dismiss({ user }: { user: string }, { caller }: Turn): Promise<RoomView> {
    const record = this.#present();
    authorize("dismiss", caller, record);
    this.#open();
    if (!record.moderators.includes(user)) return this.#view(record);
    const moderators = record.moderators.filter((moderator) => moderator !== user);
    return this.#view(await this.#change(record, { moderators }));
  }

  async mute({ user, forMs }: { user: string; forMs: number }, { caller }: Turn): Promise<Mute> {
    const record = this.#present();
    authorizeMuting(authorize("mute", caller, record), user, record);
    this.#open();
    const now = this.#self.clock.now();
    const mute = { user, until: now + forMs };
    await this.#change(record, { mutes: this.#mutes.with(mute, now, this.#ports.limits.mutesMax) });
    return mute;
  }

  async unmute({ user }: { user: string }, { caller }: Turn): Promise<Nothing> {
    const record = this.#present();
    authorizeMuting(authorize("unmute", caller, record), user, record);
    this.#open();
    const now = this.#self.clock.now();
    if (this.#mutes.leftMs(user, now) > 0) {
      await this.#change(record, { mutes: this.#mutes.without(user, now) });
    }
    return {};
  }

  mutes(_input: unknown, { caller }: Turn): z.infer<typeof MuteList> {
    authorize("mutes", caller, this.#present());
    return { mutes: this.#mutes.at(this.#self.clock.now()) };
  }

  assistant(_input: unknown, { caller }: Turn): OwnAssistant {
    const record = this.#present();
    authorize("assistant", caller, record);
    if (record.assistant === undefined) throw new BarrageError("not_found", "The room has no assistant");
    return record.assistant;
  }

  async setAssistant(input: SetAssistant, { caller }: Turn): Promise<OwnAssistant> {
    const record = this.#present();
    authorize("setAssistant", caller, record);
    this.#open();
    const nextId = () => this.#self.ids.next();
    const assistant = await assistantOf(input, record.assistant, this.#assistants, nextId);
    if (!sameAssistant(record.assistant, assistant)) await this.#change(record, { assistant });
    return assistant;
  }

  async removeAssistant(_input: unknown, { caller }: Turn): Promise<Nothing> {
    const record = this.#present();
    authorize("removeAssistant", caller, record);
    if (record.assistant !== undefined) await this.#change(record, { assistant: null });
    return {};
  }

  async join({ resume }: { resume?: Position | undefined }, { caller }: Turn): Promise<Joined> {
    authorize("join", caller, this.#open());
    return await this.#conversation.join(resume);
  }

  async say(calls: readonly SayCall[]): Promise<void> {
    for (const call of calls) {
      try {
        this.#admit(call);
      } catch (error) {
        const refusal = BarrageError.from(error);
        this.#ports.drops.count("room", refusal.reason);
        call.fail(refusal);
      }
    }
    await this.#conversation.proceed();
  }

  async messages(
    { after, limit }: { after: number; limit: number },
    { caller }: Turn,
  ): Promise<z.infer<typeof MessagePage>> {
    authorize("messages", caller, this.#present());
    return await this.#conversation.page(after, limit);
  }

  attend(report: z.output<typeof Attendance>, { caller }: Turn): Position & { online: number } {
    authorize("attend", caller, this.#present());
    return this.#conversation.attend(report);
  }

  async tick(_input: unknown, { caller }: Turn): Promise<Nothing> {
    authorize("tick", caller, this.#record);
    await this.#conversation.tick();
    return {};
  }

  async trim(_input: unknown, { caller }: Turn): Promise<Nothing> {
    authorize("trim", caller, this.#present());
    await this.#self.commit(this.#conversation.trim());
    return {};
  }

  async assist(_input: unknown, { caller }: Turn): Promise<Nothing> {
    authorize("assist", caller, this.#record);
    await this.#assisting.assist();
    return {};
  }

  async heard(news: Input<RoomVerbs["heard"]>, { caller }: Turn): Promise<Nothing> {
    authorize("heard", caller, this.#record);
    await this.#assisting.heard(news);
    return {};
  }

  #assist(): Assisting {
    const live = () => this.#record?.state === "live" ? this.#record : undefined;
    const room = {
      get record() {
        return live();
      },
      isMuted: (user: string) => this.#mutes.leftMs(user, this.#self.clock.now()) > 0,
      recent: (limit: number) => this.#conversation.recent(limit),
      speak: (as: User, text: string, id: string) => this.#conversation.speak(as, text, id),
    };
    return new Assisting(this.#self, room, this.#assistants);
  }

  #admit(call: SayCall): void {
    const record = this.#open();
    const { caller, input } = call;
    const roles = authorize("say", caller, record);
    if (caller.kind !== "user" && caller.kind !== "service") throw new BarrageError("forbidden");
    const { settings } = record;
    if (roles.includes("guest") && !settings.guestsMaySay) {
      throw new BarrageError("forbidden", "Guests may not speak here");
    }
    if (codePoints(input.text) > settings.textMax) {
      const why = `Text is longer than the ${settings.textMax} characters of this room`;
      throw new BarrageError("invalid_params", why, { path: "params.text" });
    }
    // What was said before a mute was said, also when its answer was lost.
    if (this.#conversation.repeats(call, caller.user)) return;
    const mutedMs = this.#mutes.leftMs(caller.user.id, this.#self.clock.now());
    if (mutedMs > 0 && !isAboveMutes(roles)) {
      throw new BarrageError("muted", "You are muted in this room", { retryAfterMs: mutedMs });
    }
    this.#conversation.take(call, caller.user, settings);
    this.#assisting.notice(caller, input.text);
  }

  async #change(record: RoomRecord, patch: RoomPatch, writes: readonly Write[] = []): Promise<RoomRecord> {
    await this.#conversation.flush();
    await this.#self.commit([this.#ports.rooms.update(record.id, patch), ...writes]);
    const { assistant: given, ...others } = patch;
    const { assistant: before, ...kept } = record;
    const assistant = given === undefined ? before : given;
    const changed = { ...kept, ...others, ...(assistant ? { assistant } : {}) };
    this.#keep(changed);
    if (patch.state !== undefined && patch.state !== "live") {
      this.#ports.directory.closed(record.id, patch.state);
      this.#conversation.end();
    }
    return changed;
  }

  #keep(record: RoomRecord): void {
    this.#record = record;
    this.#mutes = new Mutes(record.mutes);
  }

  #present(): RoomRecord {
    if (this.#record === undefined) throw new BarrageError("not_found", `No room ${this.#self.key}`);
    if (this.#record.state === "deleted") throw new BarrageError("gone", "The room was deleted");
    return this.#record;
  }

  #open(): RoomRecord {
    const record = this.#present();
    if (record.state === "ended") throw new BarrageError("gone", "The room has ended");
    return record;
  }

  #view(record: RoomRecord): RoomView {
    const { id, title, owner, moderators, state, settings, assistant, createdAt, endedAt } = record;
    return {
      id,
      title,
      owner,
      moderators: [...moderators],
      state: state === "live" ? "live" : "ended",
      settings,
      ...(assistant === undefined ? {} : { assistant: shownTo(assistant) }),
      online: this.#conversation.online,
      createdAt,
      ...(endedAt === undefined ? {} : { endedAt }),
    };
  }
}

function mergeSettings(
  base: RoomRecord["settings"],
  change: z.output<typeof CreateRoom>["settings"],
): RoomRecord["settings"] {
  const given = Object.entries(change ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}
