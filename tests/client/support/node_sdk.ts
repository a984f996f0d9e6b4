export * from "client/files.ts";
export * from "client/mod.ts";
