import { Socket } from "node:net";
import { Client } from "pg";

const probeMs = 2_000;
/** How long an answer counts: many connections are made at once after a failover. */
const knownMs = 500;

const severalHosts = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?@]+)(.*)$/;

interface Reach {
  connectionString: string;
  /** Only with several hosts. */
  stream?: () => Socket;
}

/** The URL of each host of a connection string with several, as `postgresql://user@one:5432,two:5432/name`. */
export function urlsOf(url: string): string[] {
  const [, start = "", hosts = "", rest = ""] = severalHosts.exec(url) ?? [];
  return hosts === "" ? [url] : hosts.split(",").map((host) => `${start}${host.trim()}${rest}`);
}

/**
 * What `pg` needs to connect. With several hosts each connection goes to the one that takes writes at that moment, so
 * that it follows a failover.
 */
export function reachOf(url: string): Reach {
  const urls = urlsOf(url);
  const [first = url] = urls;
  if (urls.length === 1) return { connectionString: url };
  const primary = primaries.get(url) ?? new Primary(urls);
  primaries.set(url, primary);
  return { connectionString: first, stream: () => new SocketToPrimary(primary) };
}

const primaries = new Map<string, Primary>();

/** Which of several hosts is the primary. */
class Primary {
  readonly #urls: readonly string[];
  #known: { url: string; until: number } | undefined;
  #looking: Promise<string> | undefined;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** @throws Error when none of them takes writes */
  async find(): Promise<URL> {
    if (this.#known && performance.now() < this.#known.until) return new URL(this.#known.url);
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return new URL(await this.#looking);
  }

  async #look(): Promise<string> {
    try {
      const url = await Promise.any(this.#urls.map(asPrimary));
      this.#known = { url, until: performance.now() + knownMs };
      return url;
    } catch (error) {
      throw new Error("none of the hosts of DATABASE_URL takes writes", { cause: error });
    }
  }
}

/** The URL, if its server is no standby. */
async function asPrimary(url: string): Promise<string> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: probeMs,
    query_timeout: probeMs,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ isStandby: boolean }>('select pg_is_in_recovery() as "isStandby"');
    if (rows[0]?.isStandby !== false) throw new Error("it is a standby");
    return url;
  } finally {
    client.end().catch(() => undefined);
  }
}

const usualPort = 5432;

/** Connects to the primary, wherever it is told to connect to. */
class SocketToPrimary extends Socket {
  readonly #primary: Primary;

  constructor(primary: Primary) {
    super();
    this.#primary = primary;
  }

  override connect(): this {
    void this.#connect();
    return this;
  }

  async #connect(): Promise<void> {
    try {
      const { hostname, port } = await this.#primary.find();
      if (!this.destroyed) super.connect(port === "" ? usualPort : Number(port), hostname);
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}
