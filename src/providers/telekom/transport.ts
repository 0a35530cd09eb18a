import type { ProviderHttp } from "../http.ts";
import type { SharedState } from "../provider.ts";
import type { TelekomSettings } from "./config.ts";
import { createPost, type Fields, isSessionLost, type Post, type Reply } from "./post.ts";
import { createSessions, type Now, type Sessions } from "./session.ts";

export type CallReply =
  | Reply
  /** There was no valid session, so nothing was processed. `cause` says why. */
  | { kind: "noSession"; cause: Reply };

/** The functions of the API at the connection's base URL, with its format and credentials. */
export interface Transport {
  /** Adds the token or a session: exactly one of them. */
  call(name: string, fields: Fields): Promise<CallReply>;
  /** The cheapest proof of the credentials: `auth`, or `ping` where a session is alive. */
  authenticate(): Promise<CallReply>;
}

export function createTransport(
  settings: TelekomSettings,
  http: ProviderHttp,
  shared: SharedState,
  now?: Now,
): Transport {
  const post = createPost(settings, http);
  const { token } = settings;
  if (settings.useSession) return sessionTransport(post, createSessions(settings, post, shared, now));
  return {
    call: (name, fields) => post(name, { ...fields, token }),
    authenticate: () => post("auth", { token }),
  };
}

function sessionTransport(post: Post, sessions: Sessions): Transport {
  const call: Transport["call"] = async (name, fields) => {
    const first = await sessions.take();
    if (first.kind === "none") return { kind: "noSession", cause: first.cause };
    const reply = await post(name, { ...fields, session_id: first.id });
    if (!isSessionLost(reply)) return reply;
    // Refused, so nothing was processed: repeat it once with another session.
    const second = await sessions.take(first.id);
    if (second.kind === "none") return { kind: "noSession", cause: second.cause };
    const repeated = await post(name, { ...fields, session_id: second.id });
    return isSessionLost(repeated) ? { kind: "noSession", cause: repeated } : repeated;
  };
  return { call, authenticate: () => call("ping", {}) };
}
