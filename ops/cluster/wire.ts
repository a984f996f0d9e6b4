const BUFFER_BYTES = 65_536;

/** Carries bytes both ways until both sides have said their last, or one of them breaks; closes both. */
export async function join(left: Deno.TcpConn, right: Deno.TcpConn): Promise<void> {
  left.setNoDelay();
  right.setNoDelay();
  const broken = () => {
    close(left);
    close(right);
  };
  await Promise.all([forward(left, right, broken), forward(right, left, broken)]);
  broken();
}

export function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** A peer that goes away in the middle is no fault of this process. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut;
}

async function forward(from: Deno.TcpConn, to: Deno.TcpConn, broken: () => void): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
    }
    await to.closeWrite();
  } catch (error) {
    if (!isGone(error)) throw error;
    broken();
  }
}
