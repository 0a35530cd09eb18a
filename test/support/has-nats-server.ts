import { execFileSync } from "node:child_process";

/** Whether there is a `nats-server`. Debian has it as a package of that name; `.ci/run` installs it where it can. */
export const hasNatsServer = ((): boolean => {
  try {
    execFileSync("nats-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(
      "There is no nats-server, so what needs NATS is not tested (apt-get install nats-server).\n",
    );
    return false;
  }
})();
