import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Database } from "../schema.ts";
import * as roomsAndOwnership from "./0001_rooms_and_ownership.ts";
import * as tokenKeys from "./0002_token_keys.ts";
import * as accounts from "./0003_accounts.ts";
import * as tokenKeyExpiry from "./0004_token_key_expiry.ts";
import * as roomModerators from "./0005_room_moderators.ts";
import * as conversations from "./0006_conversations.ts";
import * as chatUpkeep from "./0007_chat_upkeep.ts";
import * as ai from "./0008_ai.ts";
import * as readPath from "./0009_read_path.ts";
import * as assistants from "./0010_assistants.ts";
import * as switches from "./0011_switches.ts";
import * as leaseRunners from "./0012_lease_runners.ts";
import * as answerAskers from "./0013_answer_askers.ts";

const MIGRATIONS: Record<string, Migration> = {
  "0001_rooms_and_ownership": roomsAndOwnership,
  "0002_token_keys": tokenKeys,
  "0003_accounts": accounts,
  "0004_token_key_expiry": tokenKeyExpiry,
  "0005_room_moderators": roomModerators,
  "0006_conversations": conversations,
  "0007_chat_upkeep": chatUpkeep,
  "0008_ai": ai,
  "0009_read_path": readPath,
  "0010_assistants": assistants,
  "0011_switches": switches,
  "0012_lease_runners": leaseRunners,
  "0013_answer_askers": answerAskers,
};

/** Brings the schema up to date; several nodes may do so at once. All or nothing. */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
