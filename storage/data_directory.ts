/**
 * Holds the directory for this process, creating it if need be. The kernel lets go when the process ends, however
 * it ends.
 * @throws {Error} when it is held already.
 */
export async function lockDataDirectory(directory: string): Promise<AsyncDisposable> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  return await lockFile(`${directory}/lock`, `Cannot open the data directory ${directory}`);
}

/** As `lockDataDirectory`, for one file; `failure` begins the message when it is held already. */
export async function lockFile(path: string, failure: string): Promise<AsyncDisposable> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    if (!(await file.tryLock(true))) throw new Error(`${failure}: another process is using it`);
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
