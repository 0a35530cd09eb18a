import type { TestProject } from "vitest/node";
import { NatsCluster } from "./nats.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Set where events come over NATS. */
    natsUrl?: string;
  }
}

/** One server of NATS for the whole run; each test database has a prefix of its own there. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const cluster = await NatsCluster.start();
  provide("natsUrl", cluster.url);
  return () => cluster.close();
}
