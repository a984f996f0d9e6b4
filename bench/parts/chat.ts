import { type Occasion, occasionNow } from "../machine.ts";
import { CHATTING_ENV } from "../load/chatters.ts";
import { type Delivery, type DeliveryLoad, measureDelivery } from "../measures/chat_delivery.ts";
import { type GroupDelivery, type GroupLoad, measureGroup } from "../measures/chat_group.ts";
import { type Database, measureChatSends, type SendsLoad } from "../measures/chat_sends.ts";
import { measureSync, type SyncLoad, type Syncs } from "../measures/chat_sync.ts";
import type { ChatSends } from "../micro/chat_sends.ts";
import { Cluster } from "../servers/cluster.ts";
import { median, medianRow } from "../statistics.ts";

export interface SendsCase {
  readonly database: Database;
  /** The medians over the rounds. */
  readonly row: ChatSends;
  /** Acked over bare: the median of the rounds' quotients. */
  readonly share: number;
  readonly rounds: readonly ChatSends[];
}

export interface ChatTerms {
  readonly sends: SendsLoad;
  readonly nodes: number;
  readonly delivery: DeliveryLoad;
  readonly group: GroupLoad;
  readonly sync: SyncLoad;
}

export interface ChatPart {
  readonly terms: ChatTerms;
  readonly rounds: number;
  readonly occasion: Occasion;
  readonly sends: readonly SendsCase[];
  readonly delivery: Delivery;
  readonly group: GroupDelivery;
  readonly sync: Syncs;
}

const DATABASES = ["sqlite", "postgres"] as const;

export async function runChat(
  terms: ChatTerms,
  rounds: number,
  report: (line: string) => void,
): Promise<ChatPart> {
  const occasion = occasionNow();
  const measured: Record<Database, ChatSends[]> = { sqlite: [], postgres: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const database of DATABASES) {
      report(`messages to conversations on ${database}, round ${round} of ${rounds}`);
      measured[database].push(await measureChatSends(database, terms.sends));
    }
  }
  report(`what a device has missed`);
  const sync = await measureSync(terms.sync);
  await using cluster = await Cluster.start({ nodes: terms.nodes, env: CHATTING_ENV });
  report(`from sending to receiving, over ${terms.nodes} nodes`);
  const delivery = await measureDelivery(cluster, terms.delivery);
  report(`a group of ${terms.group.members}`);
  const group = await measureGroup(cluster, terms.group, terms.delivery.pairs * 2);
  const sends = DATABASES.map((database) => middle(database, measured[database]));
  return { terms, rounds, occasion, sends, delivery, group, sync };
}

function middle(database: Database, rounds: readonly ChatSends[]): SendsCase {
  const [first, ...more] = rounds;
  const offered = (which: "given" | "half") => {
    const [one, ...others] = rounds.map((round) => round[which]);
    return medianRow([one!, ...others]);
  };
  const row = { ...medianRow([first!, ...more]), given: offered("given"), half: offered("half") };
  return { database, row, share: median(rounds.map(({ acked, bare }) => acked / bare)), rounds };
}
