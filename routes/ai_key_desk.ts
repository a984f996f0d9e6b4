import { getLogger } from "@logtape/logtape";
import type { z } from "zod";
import type { AiKeyTested, ChangeAiKey, CreateAiKey, RotateAiKey, TestAiKey } from "protocol/ai_keys.ts";
import type { AuditEvent } from "protocol/audit.ts";
import { BarrageError } from "protocol/errors.ts";
import type { CredentialVault } from "actors/ai/credential_vault.ts";
import { poolActor, poolKey } from "actors/ai/pool/definition.ts";
import type { Provider } from "actors/ai/provider.ts";
import { SYSTEM } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AuditStore } from "storage/account_storage.ts";
import type { CredentialRecord, CredentialStore, SecretSeals, UseRecord } from "storage/ai_storage.ts";

const log = getLogger(["barrage", "ai"]);

/** A provider may take its time with a call. */
const TEST_MS = 40_000;

export type ProviderFacts = Pick<Provider, "name" | "features" | "secretFields">;

export interface AiKeyDeskParts {
  readonly node: Pick<ActorNode, "ref" | "ports">;
  readonly credentials: CredentialStore;
  readonly seals: SecretSeals;
  readonly vault: Pick<CredentialVault, "changed">;
  readonly audit: Pick<AuditStore, "append">;
  readonly providers: {
    named(name: string): ProviderFacts | undefined;
    list(): readonly ProviderFacts[];
  };
  /** Keys that may be kept. */
  readonly max: number;
}

/** Who changes a key, and from where. */
export interface Hand {
  readonly user: string;
  readonly address: string;
}

/** Keeps the keys of AI providers: what is changed is in the log before it happens, and known to pools and nodes after. */
export class AiKeyDesk {
  readonly #parts: AiKeyDeskParts;

  constructor(parts: AiKeyDeskParts) {
    this.#parts = parts;
  }

  async create(given: z.output<typeof CreateAiKey>, hand: Hand): Promise<CredentialRecord> {
    const { provider, label, baseUrl, secret, uses } = given;
    this.#check(provider, uses);
    this.#checkSecret(provider, secret);
    const { ids, clock } = this.#parts.node.ports;
    const id = ids.next();
    const now = clock.now();
    const record: CredentialRecord = {
      ...{ id, provider, label, uses, state: "enabled", createdAt: now, changedAt: now },
      ...(baseUrl !== undefined && { baseUrl }),
      ...this.#seal(id, secret),
    };
    await this.#note("ai_key.created", id, hand, { provider });
    await this.#parts.credentials.create(record, this.#parts.max);
    await this.#tell(id, uses);
    return record;
  }

  async change(id: string, given: z.output<typeof ChangeAiKey>, hand: Hand): Promise<CredentialRecord> {
    const before = await this.#own(id);
    const { label, uses, state } = given;
    if (uses !== undefined) this.#check(before.provider, uses);
    const detail = { changed: Object.keys(given).join(" "), ...(state !== undefined && { state }) };
    await this.#note("ai_key.changed", id, hand, detail);
    const patch = {
      ...(label !== undefined && { label }),
      ...(uses !== undefined && { uses }),
      ...(state !== undefined && { state }),
    };
    return await this.#update(before, patch);
  }

  async rotate(id: string, given: z.output<typeof RotateAiKey>, hand: Hand): Promise<CredentialRecord> {
    const before = await this.#own(id);
    const { secret, baseUrl } = given;
    this.#checkSecret(before.provider, secret);
    await this.#note("ai_key.rotated", id, hand);
    const patch = { ...this.#seal(id, secret), ...(baseUrl !== undefined && { baseUrl }) };
    return await this.#update(before, patch);
  }

  async remove(id: string, hand: Hand): Promise<void> {
    const { uses } = await this.#own(id);
    await this.#note("ai_key.removed", id, hand);
    await this.#parts.credentials.delete(id);
    await this.#tell(id, uses);
  }

  /** One cheap call, which waits for a free slot like any other. */
  async test(
    id: string,
    { feature, model }: z.output<typeof TestAiKey>,
  ): Promise<AiKeyTested> {
    const { uses } = await this.read(id);
    const use = uses.find((use) =>
      (feature === undefined || use.feature === feature) && (model === undefined || use.model === model)
    );
    if (use === undefined) throw new BarrageError("not_found", `AI key ${id} has no such use`);
    const pool = this.#parts.node.ref(poolActor, poolKey(use.feature, use.model), SYSTEM);
    const { outcome } = await pool.probe({ credential: id }, { timeoutMs: TEST_MS });
    const tested = { feature: use.feature, model: use.model };
    switch (outcome.kind) {
      case "done":
        return { ...tested, ok: true };
      case "unused":
        return { ...tested, ok: false };
      case "fault": {
        const { fault, code } = outcome;
        return { ...tested, ok: false, fault, ...(code !== undefined && { code }) };
      }
    }
  }

  /** Seals a page of keys anew that are not sealed with the newest master key. */
  async reseal(after: string, limit: number): Promise<{ next?: string; looked: number; resealed: number }> {
    const { credentials, seals } = this.#parts;
    const all = (await credentials.list()).filter(({ id }) => id > after);
    const page = all.slice(0, limit);
    let resealed = 0;
    for (const record of page) {
      if (record.keyVersion === seals.keyVersion || Object.keys(record.sealed).length === 0) continue;
      const anew = seals.seal(record.id, seals.open(record));
      if (await credentials.reseal(record, anew)) resealed++;
    }
    const last = page.at(-1)?.id;
    return {
      ...(last !== undefined && all.length > page.length && { next: last }),
      ...{ looked: page.length, resealed },
    };
  }

  /** @throws {BarrageError} `not_found`. */
  async read(id: string): Promise<CredentialRecord> {
    const record = await this.#parts.credentials.read(id);
    if (record === undefined) throw new BarrageError("not_found", `No AI key ${id}`);
    return record;
  }

  /** @throws {BarrageError} `not_found`; `conflict` when it is built in. */
  async #own(id: string): Promise<CredentialRecord> {
    const record = await this.read(id);
    if (record.builtIn !== true) return record;
    throw new BarrageError("conflict", `Cannot change AI key ${id}: it is built in; AI_ECHO=off removes it`);
  }

  async #update(
    before: CredentialRecord,
    patch: Parameters<CredentialStore["update"]>[1],
  ): Promise<CredentialRecord> {
    const { id } = before;
    const changedAt = this.#parts.node.ports.clock.now();
    if (!(await this.#parts.credentials.update(id, { ...patch, changedAt }))) {
      throw new BarrageError("not_found", `No AI key ${id}`);
    }
    await this.#tell(id, [...before.uses, ...patch.uses ?? []]);
    return await this.read(id);
  }

  #check(name: string, uses: readonly UseRecord[]): void {
    const { features } = this.#provider(name);
    const index = uses.findIndex(({ feature }) => !features.includes(feature));
    if (index === -1) return;
    throw new BarrageError("invalid_params", `Cannot use ${name} for that: it has ${features.join(", ")}`, {
      path: `body.uses.${index}.feature`,
    });
  }

  /** What was given is not repeated: somebody may have put the secret in the wrong place. */
  #checkSecret(name: string, secret: Readonly<Record<string, string>>): void {
    const { secretFields } = this.#provider(name);
    const given = Object.keys(secret);
    if (given.length === secretFields.length && secretFields.every((field) => given.includes(field))) return;
    const wanted = secretFields.length === 0 ? "no secret" : `exactly ${secretFields.join(", ")}`;
    throw new BarrageError("invalid_params", `Cannot use the secret: ${name} wants ${wanted}`, {
      path: "body.secret",
    });
  }

  #provider(name: string): ProviderFacts {
    const provider = this.#parts.providers.named(name);
    if (provider !== undefined) return provider;
    const known = this.#parts.providers.list().map(({ name }) => name).join(", ");
    throw new BarrageError("invalid_params", `Cannot use the provider: it is one of ${known}`, {
      path: "body.provider",
    });
  }

  #seal(id: string, secret: Readonly<Record<string, string>>) {
    if (Object.keys(secret).length === 0) return { sealed: {}, keyVersion: 0 };
    return this.#parts.seals.seal(id, secret);
  }

  /** Pools that do not hear of it look for themselves before long. */
  async #tell(id: string, uses: readonly UseRecord[]): Promise<void> {
    const { vault, node } = this.#parts;
    vault.changed(id);
    const keys = new Set(uses.map(({ feature, model }) => poolKey(feature, model)));
    await Promise.all([...keys].map(async (key) => {
      try {
        await node.ref(poolActor, key, SYSTEM).refresh({});
      } catch (error) {
        log.warn("Cannot tell pool {key} that AI key {id} has changed: {error}", { key, id, error });
      }
    }));
  }

  async #note(
    event: AuditEvent,
    subject: string,
    { user, address }: Hand,
    detail?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { ids, clock } = this.#parts.node.ports;
    await this.#parts.audit.append([{
      ...{ id: ids.next(), at: clock.now(), event, subject, actor: user, address },
      ...(detail !== undefined && { detail }),
    }]);
  }
}
