/** Whose rights a process has; empty for those of this one. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** The first of these accounts that the machine has, for a server that refuses to run as root. */
export async function unprivilegedAccount(names: readonly string[]): Promise<Account> {
  if (Deno.uid() !== 0) return {};
  const accounts = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const wanted of names) {
    const found = accounts.find(([name]) => name === wanted);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error(`Cannot start a server as root: there is no account ${names.join(" or ")}`);
}
