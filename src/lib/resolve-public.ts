import { Resolver, type LookupAddress } from "node:dns";

/** The part of `dns.lookup` that is used here. */
export type Resolve = (
  hostname: string,
  options: { all: true; family?: number; hints?: number },
  /** Node passes no addresses together with an error. */
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] | undefined) => void,
) => void;

interface ResolverOptions {
  /** Absent: those of the system. */
  servers?: readonly string[];
  timeoutMs?: number;
}

/**
 * Asks the servers of names itself. `dns.lookup` would hold one of the process's four threads until the system gives up:
 * a few names whose servers do not answer would stop everyone's connections, files and compressed bodies. Files such as
 * `/etc/hosts` are not asked: they name what is in our own network.
 */
export function resolverOf({ servers, timeoutMs = 1_500 }: ResolverOptions = {}): Resolve {
  return (hostname, { family = 0 }, callback) => {
    // Made anew, because the servers of the system may have changed.
    const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
    if (servers) resolver.setServers(servers);
    const families = family === 4 || family === 6 ? [family] : [4, 6];
    const found: LookupAddress[] = [];
    let missing = families.length;
    for (const one of families) {
      const take = (error: NodeJS.ErrnoException | null, addresses: string[] | undefined): void => {
        for (const address of addresses ?? []) found.push({ address, family: one });
        if (--missing > 0) return;
        if (found.length > 0)
          callback(
            null,
            found.toSorted((a, b) => a.family - b.family),
          );
        else callback(asLookup(error), undefined);
      };
      if (one === 4) resolver.resolve4(hostname, take);
      else resolver.resolve6(hostname, take);
    }
  };
}

/** Under the names that `dns.lookup` has for it. */
function asLookup(error: NodeJS.ErrnoException | null): NodeJS.ErrnoException {
  const isMissing = error === null || error.code === "ENODATA" || error.code === "ENOTFOUND";
  const code = isMissing ? "ENOTFOUND" : "EAI_AGAIN";
  return Object.assign(error ?? new Error("the name has no address"), { code });
}

export const resolvePublic = resolverOf();
