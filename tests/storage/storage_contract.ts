import assert from "node:assert/strict";
import { testAccounts } from "./contract/accounts.ts";
import { testAiRemovals } from "./contract/ai_removals.ts";
import { testAnswers } from "./contract/answers.ts";
import { testAssistants } from "./contract/assistants.ts";
import { testAudit } from "./contract/audit.ts";
import { testChatUpkeep } from "./contract/chat_upkeep.ts";
import { testConversations } from "./contract/conversations.ts";
import { testItems } from "./contract/items.ts";
import { testKeys } from "./contract/keys.ts";
import { testLane } from "./contract/lane.ts";
import { testMessageChanges } from "./contract/message_changes.ts";
import type { OpenStorage } from "./contract/opened.ts";
import { testOwnership } from "./contract/ownership.ts";
import { testPools } from "./contract/pools.ts";
import { testRevocations } from "./contract/revocations.ts";
import { testCards } from "./contract/cards.ts";
import { testRooms } from "./contract/rooms.ts";
import { testSessions } from "./contract/sessions.ts";
import { testSwitches } from "./contract/switches.ts";
import { testThreads } from "./contract/threads.ts";
import { testTimers } from "./contract/timers.ts";

/** What every storage promises; `open` gives an empty one. */
export function testStorage(name: string, open: OpenStorage): void {
  testRooms(name, open);
  testCards(name, open);
  testAssistants(name, open);
  testItems(name, open);
  testLane(name, open);
  testConversations(name, open);
  testMessageChanges(name, open);
  testChatUpkeep(name, open);
  testTimers(name, open);
  testOwnership(name, open);
  testAccounts(name, open);
  testSessions(name, open);
  testRevocations(name, open);
  testSwitches(name, open);
  testKeys(name, open);
  testAudit(name, open);
  testAnswers(name, open);
  testPools(name, open);
  testThreads(name, open);
  testAiRemovals(name, open);

  Deno.test(`[D34] ${name}: a ping is answered until the storage is disposed`, async () => {
    await using opened = await open();
    await opened.storage.ping();
    await opened.storage[Symbol.asyncDispose]();
    await assert.rejects(opened.storage.ping());
  });
}
