import { AsyncLocalStorage } from "node:async_hooks";
import { onTestFinished, test, type TestContext } from "vitest";

/** Vitest knows the running test by itself only while no other runs beside it. */
const running = new AsyncLocalStorage<TestContext>();

/** What the running test has to close at its end, whether it runs alone or side by side with others. */
export function atEnd(close: () => void | Promise<void>): void {
  const context = running.getStore();
  if (context) context.onTestFinished(close);
  else onTestFinished(close);
}

/** As `test.each` of Vitest, for tests that wait for most of their time: they run side by side. */
export function testSideBySide<Case extends readonly [string, ...unknown[]]>(
  cases: readonly Case[],
  name: string,
  body: (...values: Case) => Promise<void>,
): void {
  // oxlint-disable-next-line vitest/valid-title -- it is the caller's.
  test.concurrent.for<Case>(cases)(name, (values, context) => running.run(context, () => body(...values)));
}
