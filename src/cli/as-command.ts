import { userInfo } from "node:os";
import { actingAs } from "../audit/actor.ts";

/** What `work` changes is recorded as changed by this command, and by the user of the system who runs it. */
export const asCommand = <Result>(name: string, work: () => Result): Result =>
  actingAs({ kind: "COMMAND", command: `${name}, by ${userName()}` }, work);

/** In a container, the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
