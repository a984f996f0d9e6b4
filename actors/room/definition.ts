import { z } from "zod";
import { News } from "actors/ai/assistant/inquiry.ts";
import { OwnAssistant, SetAssistant } from "protocol/assistants.ts";
import { Ulid } from "protocol/ids.ts";
import {
  CreateRoom,
  Joined,
  MessagePage,
  Mute,
  Mutes,
  MuteUser,
  Position,
  Room,
  Say,
  UpdateRoom,
} from "protocol/rooms.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Nothing = z.strictObject({});
const OneUser = z.strictObject({ user: Ulid });

/** What a node reports about the viewers it serves. */
export const Attendance = z.strictObject({
  node: z.string(),
  viewers: z.int().nonnegative(),
  /** The shortest tick with which this node's fan-out keeps up. */
  tickMs: z.number().positive(),
});

export const HISTORY_PAGE_MAX = 1_000;

export const roomActor = defineActor({
  kind: "room",
  placement: "shard",
  key: Ulid,
  noun: "room",
  verbs: {
    create: { input: CreateRoom, output: Room },
    info: { input: Nothing, output: Room },
    update: { input: UpdateRoom, output: Room },
    remove: { input: Nothing, output: Nothing },
    appoint: { input: OneUser, output: Room },
    dismiss: { input: OneUser, output: Room },
    mute: { input: OneUser.extend(MuteUser.shape), output: Mute },
    unmute: { input: OneUser, output: Nothing },
    mutes: { input: Nothing, output: Mutes },
    /** With what it is told. */
    assistant: { input: Nothing, output: OwnAssistant },
    setAssistant: { input: SetAssistant, output: OwnAssistant },
    removeAssistant: { input: Nothing, output: Nothing },
    join: { input: z.strictObject({ resume: Position.optional() }), output: Joined },
    say: { input: Say, output: z.object({ accepted: z.literal(true) }), batched: 1_000 },
    messages: {
      input: z.strictObject({ after: z.int().nonnegative(), limit: z.int().min(1).max(HISTORY_PAGE_MAX) }),
      output: MessagePage,
    },
    attend: { input: Attendance, output: Position.extend({ online: z.int().nonnegative() }) },
    tick: { input: Nothing, output: Nothing, reserved: true },
    trim: { input: Nothing, output: Nothing, reserved: true },
    /** The room's own timer: what its assistant is asked is brought on. */
    assist: { input: z.strictObject({ wake: z.boolean() }), output: Nothing, reserved: true },
    /** From itself: where an answer stands, or that there are too many questions. */
    heard: {
      input: z.union([News, z.strictObject({ kind: z.literal("crowded") })]),
      output: Nothing,
      reserved: true,
    },
  },
});

export type RoomVerbs = typeof roomActor["verbs"];
export type RoomVerb = keyof RoomVerbs;
