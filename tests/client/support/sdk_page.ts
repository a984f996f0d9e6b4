import * as sdk from "client/mod.ts";

Object.assign(globalThis, { sdk });
