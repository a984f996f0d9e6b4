/** The first folder of PATH and `folders` that has all these programs. */
export async function findFolder(
  programs: readonly string[],
  folders: readonly string[],
): Promise<string | undefined> {
  for (const folder of [...(Deno.env.get("PATH") ?? "").split(":"), ...folders]) {
    const present = await Promise.all(programs.map((program) => isFile(`${folder}/${program}`)));
    if (present.every((here) => here)) return folder;
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
