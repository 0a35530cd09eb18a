import { hash } from "node:crypto";
import type { SharedState } from "../provider.ts";
import type { TelekomSettings } from "./config.ts";
import { isSessionLost, isSuccess, type Post, type Reply } from "./post.ts";
import { readSessionId } from "./wire.ts";

/** Milliseconds of a monotonic clock. */
export type Now = () => number;

/** A session for the next call, or why there is none. */
type Taken = { kind: "session"; id: string } | { kind: "none"; cause: Reply };

export interface Sessions {
  /** The session to use now; never the `lost` one. */
  take(lost?: string): Promise<Taken>;
}

/**
 * A session ends after 15 minutes without a call (Telekom SK documentation). One idle for longer than this is
 * pinged first.
 */
const trustedIdleMs = 12 * 60_000;

/**
 * Manages the session that all processes share. When it is lost, it is renewed once for all calls that wait
 * for it, in this and in other processes.
 */
export function createSessions(
  settings: TelekomSettings,
  post: Post,
  shared: SharedState,
  now: Now = () => performance.now(),
): Sessions {
  let current: { id: string; usedAt: number } | undefined;
  let acquiring: Promise<Taken> | undefined;
  const acquire = createAcquire(settings, post, shared);

  const acquireOnce = (lost: string | undefined): Promise<Taken> =>
    (acquiring ??= acquire(lost).then((taken) => {
      acquiring = undefined;
      current = taken.kind === "session" ? { id: taken.id, usedAt: now() } : undefined;
      return taken;
    }));

  return {
    async take(lost) {
      // Later callers must wait for the new session.
      if (current?.id === lost) current = undefined;
      if (current && now() - current.usedAt < trustedIdleMs) {
        current.usedAt = now();
        return { kind: "session", id: current.id };
      }
      const isJoining = acquiring !== undefined;
      const taken = await acquireOnce(lost);
      // The attempt that this caller joined may have found the session alive before this caller saw it end.
      return isJoining && taken.kind === "session" && taken.id === lost ? acquireOnce(lost) : taken;
    },
  };
}

class NotAuthenticated extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super("Telekom SK gave no session.");
    this.reply = reply;
  }
}

/** Finds a working session: the shared one or a new one. Never rejects. */
function createAcquire(settings: TelekomSettings, post: Post, shared: SharedState) {
  const { token } = settings;
  const { encode, decode } = createCodec(settings);

  async function authenticate(): Promise<string> {
    const reply = await post("auth", { token });
    const id = reply.kind === "answer" && isSuccess(reply) ? readSessionId(reply.content) : undefined;
    if (id === undefined) throw new NotAuthenticated(reply);
    return encode(id);
  }

  async function renew(seen: string | undefined): Promise<Taken> {
    const held = await shared.renew(seen, authenticate);
    // A session stored by another process may belong to settings that have changed since.
    const id = decode(held) ?? decode(await shared.renew(held, authenticate));
    return id === undefined ? { kind: "none", cause: unshared } : { kind: "session", id };
  }

  async function find(lost: string | undefined): Promise<Taken> {
    if (lost !== undefined) return renew(encode(lost));
    const stored = await shared.read();
    const id = stored === undefined ? undefined : decode(stored);
    if (id === undefined) return renew(stored);
    const reply = await post("ping", { session_id: id });
    if (isSessionLost(reply)) return renew(stored);
    return isSuccess(reply) ? { kind: "session", id } : { kind: "none", cause: reply };
  }

  return async (lost: string | undefined): Promise<Taken> => {
    try {
      return await find(lost);
    } catch (error) {
      return { kind: "none", cause: error instanceof NotAuthenticated ? error.reply : unshared };
    }
  };
}

const unshared: Reply = {
  kind: "notSent",
  reason: "the session that all workers share could not be read or renewed",
};

/** A stored session is marked with its base URL and token, so that one of earlier settings is not used. */
function createCodec({ baseUrl, token }: TelekomSettings) {
  const mark = hash("sha256", `${baseUrl}\n${token}`).slice(0, 16);
  return {
    encode: (id: string): string => `${mark} ${id}`,
    decode: (value: string): string | undefined =>
      value.startsWith(`${mark} `) ? value.slice(mark.length + 1) : undefined,
  };
}
