/** A program or a file that must be on the machine, and where Debian has it. */
export interface Need {
  readonly name: string;
  readonly debian: string;
  present(): Promise<boolean>;
}

const NEEDS: readonly Need[] = [
  { name: "PostgreSQL", debian: "postgresql", present: hasPostgres },
  { name: "NATS", debian: "nats-server", present: () => exists("/usr/sbin/nats-server") },
  { name: "Redis", debian: "redis-server", present: () => exists("/usr/bin/redis-server") },
  { name: "Chromium", debian: "chromium", present: () => exists("/usr/bin/chromium") },
  {
    name: "a font with Chinese characters",
    debian: "fonts-noto-cjk",
    present: () => exists("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
  },
];

/** Finds or installs what is needed, for the tests unless told otherwise, and says so; some may stay missing. */
export async function prepareMachine(needs: readonly Need[] = NEEDS): Promise<void> {
  const missing: Need[] = [];
  for (const need of needs) {
    const present = await need.present();
    console.log(`${present ? "found" : "missing"}: ${need.name}`);
    if (!present) missing.push(need);
  }
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  if (Deno.uid() !== 0 || !await exists("/usr/bin/apt-get")) {
    console.log(`Install these Debian packages, or what your system calls them: ${packages.join(" ")}`);
    return;
  }
  console.log(`installing: ${packages.join(" ")}`);
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", ...packages);
}

async function aptGet(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("/usr/bin/apt-get", {
    args: ["--quiet=2", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) console.log(`Cannot run apt-get ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`);
}

async function hasPostgres(): Promise<boolean> {
  if (!await exists("/usr/lib/postgresql")) return false;
  for await (const version of Deno.readDir("/usr/lib/postgresql")) {
    if (await exists(`/usr/lib/postgresql/${version.name}/bin/postgres`)) return true;
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
