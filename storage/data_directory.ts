/**
 * Holds the directory for this process, creating it if need be. The kernel lets go when the process ends, however
 * it ends.
 * @throws {Error} when another process holds it.
 */
export async function lockDataDirectory(directory: string): Promise<AsyncDisposable> {
  await Deno.mkdir(directory, { recursive: true });
  const file = await Deno.open(`${directory}/lock`, { create: true, write: true });
  try {
    if (!(await file.tryLock(true))) {
      throw new Error(`Cannot open the data directory ${directory}: another process is using it`);
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}
