import { defineConfig } from "vitest/config";
import { testsByKind } from "./test/support/kinds.ts";
import { hasNatsServer } from "./test/support/has-nats-server.ts";

// As Node resolves: with Vite's own conditions our code would get another copy of `graphql` than Yoga has.
const conditions = ["node", "module-sync"];
const { unit, wire, database } = testsByKind();

const common = {
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
// Nobody judges a time: these end only what hangs, also on a busy machine, and the inner limit says what it waited for.
const patience = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 120_000 } } };

export default defineConfig({
  ...common,
  test: {
    maxWorkers: 4,
    // Tests that run side by side wait for most of their time.
    maxConcurrency: 40,
    projects: [
      { ...common, test: { ...patience, name: "unit", include: unit, isolate: false } },
      // Every request and answer of the four wires, over real HTTP.
      { ...common, test: { ...patience, name: "wire", include: wire, isolate: false } },
      {
        ...common,
        test: {
          ...patience,
          name: "database",
          // Each file of its own has its own database; a process is shared, so that the application is read once.
          isolate: false,
          include: database,
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
      // The promises of live streams once more, with events that come over NATS.
      {
        ...common,
        test: {
          ...patience,
          name: "nats",
          isolate: false,
          include: hasNatsServer ? database.filter((path) => path.startsWith("test/graphql/live/")) : [],
          globalSetup: ["test/support/global-setup.ts", "test/support/nats-setup.ts"],
        },
      },
      {
        ...common,
        test: {
          ...patience,
          name: "system",
          testTimeout: 600_000,
          include: ["test/system/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts", "test/support/system-setup.ts"],
        },
      },
    ],
  },
});
