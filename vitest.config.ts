import { defineConfig } from "vitest/config";

// As Node resolves: with Vite's own conditions our code would get another copy of `graphql` than Yoga has.
const conditions = ["node", "module-sync"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
  },
});
