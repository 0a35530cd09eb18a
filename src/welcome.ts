import type { Config } from "./config.ts";

interface BannerOptions {
  url: string | undefined;
  hasConsole: boolean;
  developmentKey: string | undefined;
  sandboxes: readonly { title: string; url: string }[];
  embedded: boolean;
  config: Config;
}

/** What is printed after a start. */
export function banner({
  url,
  hasConsole,
  developmentKey,
  sandboxes,
  embedded,
  config,
}: BannerOptions): string {
  const lines = ["", "  smsgraph is running."];
  if (url === undefined) lines.push("  This process only works off jobs (ROLE=worker).");
  else {
    const name = config.web.graphiql ? "GraphiQL" : "GraphQL ";
    const address = url.replace("127.0.0.1", "localhost");
    lines.push("", ...(hasConsole ? [`  Console    ${address}/`] : []), `  ${name}   ${address}/graphql`);
  }
  if (developmentKey !== undefined && url !== undefined) {
    lines.push(
      `  API key    ${developmentKey}`,
      "             (filled in already; in your app: Authorization: Bearer <key>)",
    );
  }
  for (const [index, { title, url: address }] of sandboxes.entries()) {
    lines.push(`  ${index === 0 ? "Sandboxes" : "         "}  ${address}  plays ${title}`);
  }
  if (sandboxes.length > 0) {
    lines.push("             (the last three digits of the recipient choose what happens: docs/sandbox.md)");
  }
  lines.push(
    `  Database   ${embedded ? `embedded PostgreSQL, kept in ${config.dataDirectory}` : "DATABASE_URL"}`,
  );
  lines.push("", "  Stop with Ctrl-C.", "", "");
  return lines.join("\n");
}

export const helpText = `smsgraph: one GraphQL API for every SMS provider, live.

Usage: npm start

Starts everything: with nothing configured an embedded PostgreSQL, a development account with a key, and a
sandbox of each provider. All settings are environment variables (see the README and .env.example):

  PORT                      where to listen (4000)
  DATABASE_URL              a PostgreSQL of 15 or newer instead of the embedded one
  PUBLIC_URL                where providers and people reach this server
  ROLE                      api, worker or all (all)
  DATA_DIR                  files of the embedded PostgreSQL and development secrets (.data)
  SANDBOX                   start the sandbox providers (true in development)
  DEVELOPMENT_KEY           fixes the development API key
  SECRET_KEY                32 bytes in base64; encrypts provider credentials
  LOG_LEVEL                 trace, debug, info, warn, error or silent (info)
`;
