import { z } from "zod";
import { secret, whole } from "./setting.ts";

const MessageKeys = z.string().regex(
  /^\d{1,9}:[A-Za-z0-9+/]{43}=(\s*,\s*\d{1,9}:[A-Za-z0-9+/]{43}=)*$/,
  "must be VERSION:KEY with commas between, each key 32 bytes in base64",
).optional();

/** Of conversations and groups. */
export const CHAT_SETTINGS = {
  chat: {
    messageKeys: secret(
      "MESSAGE_KEYS",
      MessageKeys,
      "none, or the file message_keys in DATA_DIR",
      "VERSION:BASE64, with commas",
      "Seals what members write in the database; the greatest version seals, the others open",
    ),
    perUser: whole(
      "CONVERSATIONS_PER_USER",
      1_000,
      1,
      1_000,
      "Conversations somebody may begin or join; others may still write to him",
    ),
    burst: whole("CHAT_BURST", 20, 1, 10_000, "Messages of one sender to one conversation at once"),
    perSecond: whole("CHAT_PER_SECOND", 5, 1, 10_000, "Such messages a second, after the burst"),
    strangerMessages: whole(
      "STRANGER_MESSAGES",
      3,
      1,
      1_000,
      "Messages to somebody who has never answered",
    ),
    editMinutes: whole("CHAT_EDIT_MINUTES", 15, 0, 525_600, "How long one may edit a message of one's own"),
    recallMinutes: whole(
      "CHAT_RECALL_MINUTES",
      2,
      0,
      525_600,
      "How long one may recall a message of one's own",
    ),
    membersMax: whole("GROUP_MEMBERS_MAX", 10_000, 2, 100_000, "Members of one group"),
    typingMembersMax: whole(
      "TYPING_MEMBERS_MAX",
      200,
      0,
      100_000,
      "In a group with more members nobody is shown who is writing",
    ),
    retentionDays: whole(
      "MESSAGE_RETENTION_DAYS",
      0,
      0,
      36_500,
      "How long messages are kept; 0 keeps them for ever. A group may keep its own for fewer days",
    ),
    reportsPerDay: whole("REPORTS_PER_DAY", 20, 0, 10_000, "Messages that one user may report in 24 hours"),
    syncAtOnce: whole("SYNC_AT_ONCE", 16, 1, 1_000, "Conversations that one sync asks at a time"),
    firstMessages: whole(
      "SYNC_FIRST_MESSAGES",
      20,
      1,
      500,
      "Messages of each conversation that a new device gets",
    ),
    presenceMax: whole("PRESENCE_MAX", 200, 1, 1_000, "Users whose presence one socket may watch"),
    memoryMessages: whole(
      "CHAT_MEMORY_MESSAGES",
      100,
      1,
      10_000,
      "Messages a conversation keeps in memory",
    ),
  },
} as const;
