import { InvalidInputError } from "../../lib/errors.ts";
import { checkUrl, maxWebhookUrl } from "../../webhooks/settings.ts";
import type { CompatServices } from "./services.ts";

const keptMs = 60_000;
const most = 1_000;

/** Checks addresses for receipts as those of webhooks are checked; what is said of an origin is kept for a minute. */
export class CallbackUrls {
  readonly #origins = new Map<string, { allowed: Promise<boolean>; until: number }>();

  /** Whether receipts may be posted there. */
  async allows(text: string, { allowInsecure, allowPrivate }: CompatServices): Promise<boolean> {
    const url = URL.parse(text);
    if (!url || text.length > maxWebhookUrl || /[\0\uD800-\uDFFF]/u.test(text)) return false;
    if (url.username !== "" || url.password !== "") return false;
    const known = this.#origins.get(url.origin);
    if (known && known.until > performance.now()) return known.allowed;
    const allowed = isAllowed(url.origin, allowInsecure, allowPrivate);
    if (this.#origins.size >= most) this.#origins.clear();
    this.#origins.set(url.origin, { allowed, until: performance.now() + keptMs });
    return allowed;
  }
}

async function isAllowed(origin: string, allowInsecure: boolean, allowPrivate: boolean): Promise<boolean> {
  try {
    await checkUrl(origin, { allowInsecureWebhooks: allowInsecure, allowPrivateWebhooks: allowPrivate });
    return true;
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}
