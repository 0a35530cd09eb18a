import type { AppOptions } from "./options.ts";

/** Where providers and people reach this process. */
export class OwnUrl {
  readonly #options: Pick<AppOptions, "publicUrl" | "host">;
  #port: number;

  constructor(options: Pick<AppOptions, "publicUrl" | "host" | "port">) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Port 0 means any free one, so the port is certain only once the server listens. */
  listensOn(port: number): void {
    this.#port = port;
  }

  /** `localhost` only when needed, because it may resolve to IPv6 first. */
  get current(): string {
    const { publicUrl, host } = this.#options;
    if (publicUrl !== undefined) return publicUrl;
    if (host === "0.0.0.0" || host === "::") return `http://localhost:${this.#port}`;
    return `http://${host.includes(":") ? `[${host}]` : host}:${this.#port}`;
  }
}
