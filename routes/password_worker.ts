import { argon2id, argon2Verify } from "hash-wasm";

export interface PasswordCost {
  readonly memoryKib: number;
  readonly iterations: number;
}

/** What the pool asks of a worker, one thing at a time. */
export type PasswordTask =
  /** `salt` is drawn when it is missing. */
  | {
    readonly kind: "hash";
    readonly password: string;
    readonly cost: PasswordCost;
    readonly salt?: Uint8Array;
  }
  /** Hashes it unless it is among the commonest. */
  | { readonly kind: "choose"; readonly password: string; readonly cost: PasswordCost }
  | { readonly kind: "verify"; readonly password: string; readonly hash: string };

export type PasswordResult =
  | { readonly kind: "hashed"; readonly hash: string }
  | { readonly kind: "common" }
  | { readonly kind: "verified"; readonly fits: boolean }
  | { readonly kind: "failed"; readonly message: string };

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** In lower case; read when somebody first chooses a password. */
let commonest: Promise<ReadonlySet<string>> | undefined;

async function carryOut(task: PasswordTask): Promise<PasswordResult> {
  switch (task.kind) {
    case "hash":
      return await hash(task);
    case "choose":
      commonest ??= readCommonest();
      return (await commonest).has(task.password.toLowerCase()) ? { kind: "common" } : await hash(task);
    case "verify":
      return { kind: "verified", fits: await argon2Verify({ password: task.password, hash: task.hash }) };
  }
}

async function hash(
  task: { password: string; cost: PasswordCost; salt?: Uint8Array },
): Promise<PasswordResult> {
  const { memoryKib, iterations } = task.cost;
  const phc = await argon2id({
    password: task.password,
    salt: task.salt ?? crypto.getRandomValues(new Uint8Array(SALT_BYTES)),
    memorySize: memoryKib,
    iterations,
    parallelism: 1,
    hashLength: HASH_BYTES,
    outputType: "encoded",
  });
  return { kind: "hashed", hash: phc };
}

async function readCommonest(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  return new Set(dictionary["passwords-common"]);
}

interface WorkerScope {
  onmessage: (event: MessageEvent<PasswordTask>) => void;
  postMessage(result: PasswordResult): void;
}
const scope = self as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage(await carryOut(data));
  } catch (error) {
    scope.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};
