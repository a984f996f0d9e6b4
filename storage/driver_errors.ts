import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";

/**
 * From here on the connection's queries reject with what `translate` makes of the driver's error, or at once
 * with what `refuse` returns.
 */
export function translateErrors(
  connection: DatabaseConnection,
  translate: (error: unknown) => unknown,
  refuse?: () => Error | undefined,
): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async function executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const refusal = refuse?.();
    if (refusal !== undefined) throw refusal;
    try {
      return await execute<R>(query);
    } catch (error) {
      throw translate(error);
    }
  };
}
