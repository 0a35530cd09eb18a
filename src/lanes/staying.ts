import { AsyncLocalStorage } from "node:async_hooks";

const staying = new AsyncLocalStorage<() => boolean>();

/** Does the work, which learns from `mayStay` whether it may keep its place. */
export const whileStaying = <Result>(stays: () => boolean, work: () => Promise<Result>): Promise<Result> =>
  staying.run(stays, work);

/** Whether the work that runs now may go on. Reading a list asks at each page. */
export const mayStay = (): boolean => staying.getStore()?.() ?? true;
