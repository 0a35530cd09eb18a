import { expect, it } from "vitest";
import { unavailability } from "../../src/database/unavailable.ts";

it.each([
  [
    "a connection that broke before the statement",
    "Client has encountered a connection error and is not queryable",
  ],
  ["a connection that ended", "Connection terminated unexpectedly"],
  ["a connection that was not made in time", "timeout exceeded when trying to connect"],
])("%s is a database that is away, and no internal error", (_what, message) => {
  expect(unavailability(new Error(message))).toMatchObject({ code: "UNAVAILABLE" });
});
