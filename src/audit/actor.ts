import { AsyncLocalStorage } from "node:async_hooks";

/** Who makes a change. */
export type Actor =
  | { kind: "API_KEY"; keyId: string; keyName: string; keyPrefix: string | null; address: string | undefined }
  /** A command on the server's machine, and the user of the system that ran it. */
  | { kind: "COMMAND"; command: string }
  /** smsgraph itself. */
  | { kind: "SYSTEM" };

const actors = new AsyncLocalStorage<Actor>();

/** Everything that `work` changes is recorded as changed by `actor`. */
export const actingAs = <Result>(actor: Actor, work: () => Result): Result => actors.run(actor, work);

export const currentActor = (): Actor => actors.getStore() ?? { kind: "SYSTEM" };
