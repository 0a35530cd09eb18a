/** How NATS is reached, and what is kept there. */
export interface NatsSettings {
  /** Host and port of each server that may be asked. */
  servers: readonly string[];
  usesTls: boolean;
  /** As they stand in NATS_URL. */
  user: string | undefined;
  password: string | undefined;
  token: string | undefined;
  /** A file as `nsc` writes it, with a JWT and its seed. */
  credentialsFile: string | undefined;
  /** The first part of all subjects, and in capitals of the stream's name. */
  prefix: string;
  replicas: number;
  retentionHours: number;
  /** Absent: only the time limits the stream. */
  maxMegabytes: number | undefined;
}

/** NATS can be reached, but not be used as it is set up. The message says what to do. */
export class NatsSetupError extends Error {
  override readonly name = "NatsSetupError";
}

type Reach = Pick<NatsSettings, "servers" | "usesTls" | "user" | "password" | "token">;

/** Reads NATS_URL: one URL or several with commas. Undefined when it is none, or when the URLs differ in more than the server. */
export function readNatsUrl(text: string): Reach | undefined {
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  const [first] = urls;
  if (!first || !urls.every((url) => url !== null && isNatsUrl(url))) return undefined;
  const all = urls as URL[];
  const [user, password] = [decode(first.username), decode(first.password)];
  if (user === undefined || password === undefined) return undefined;
  const isSame = ({ protocol, username, password: secret }: URL): boolean =>
    protocol === first.protocol &&
    (username === "" || (username === first.username && secret === first.password));
  if (!all.every(isSame)) return undefined;
  const isToken = user !== "" && password === "";
  return {
    servers: all.map(({ hostname, port }) => `${hostname}:${port === "" ? 4222 : port}`),
    usesTls: first.protocol === "tls:",
    user: isToken || user === "" ? undefined : user,
    password: isToken || user === "" ? undefined : password,
    token: isToken ? user : undefined,
  };
}

/** Undefined for a percent sign that is written as itself. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const isNatsUrl = ({ protocol, hostname, pathname, search, hash }: URL): boolean =>
  /^(nats|tls):$/.test(protocol) && hostname !== "" && /^\/?$/.test(pathname) && `${search}${hash}` === "";
