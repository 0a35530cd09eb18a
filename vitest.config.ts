import { defineConfig } from "vitest/config";
import { unitTests } from "./test/support/kinds.ts";

// As Node resolves: with Vite's own conditions our code would get another copy of `graphql` than Yoga has.
const conditions = ["node", "module-sync"];
const unit = unitTests();

const common = {
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
// Nobody judges a time: these end only what hangs, also on a busy machine, and the inner limit says what it waited for.
const patience = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } } };

export default defineConfig({
  ...common,
  test: {
    maxWorkers: 4,
    // Tests that run side by side wait for most of their time.
    maxConcurrency: 40,
    projects: [
      { ...common, test: { ...patience, name: "unit", include: unit, isolate: false } },
      {
        ...common,
        test: {
          ...patience,
          name: "database",
          // Each file of its own has its own database; a process is shared, so that the application is read once.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [...unit, "test/system/**"],
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
      {
        ...common,
        test: {
          ...patience,
          name: "system",
          testTimeout: 300_000,
          include: ["test/system/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
    ],
  },
});
