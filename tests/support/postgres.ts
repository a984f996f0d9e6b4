export { type PostgresOptions, PostgresServer, startPostgres } from "../../ops/servers/postgres.ts";
