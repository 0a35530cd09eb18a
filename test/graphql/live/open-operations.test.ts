import { expect, it } from "vitest";
import { OpenOperations } from "../../../src/graphql/live/open-operations.ts";

it("a drain ends when every started operation is answered, and starts none meanwhile", async () => {
  const [operations, connection] = [new OpenOperations(), {}];
  expect(operations.begin(connection, "1")).toBe(true);
  let isOver = false;
  const drained = operations.drain(60_000).then(() => (isOver = true));
  expect(operations.begin(connection, "2")).toBe(false);
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  operations.end(connection, "1");
  expect(await drained).toBe(true);
});

it("a drain does not wait forever for an operation without an answer", async () => {
  const operations = new OpenOperations();
  operations.begin({}, "1");
  const startedAt = performance.now();
  await operations.drain(50);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(49);
});

it("a drain waits for every operation of a connection", async () => {
  const [operations, connection] = [new OpenOperations(), {}];
  for (const id of ["1", "2", "3"]) operations.begin(connection, id);
  let isOver = false;
  const drained = operations.drain(60_000).then(() => (isOver = true));
  for (const id of ["1", "3", "1"]) operations.end(connection, id);
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  operations.end(connection, "2");
  expect(await drained).toBe(true);
});
