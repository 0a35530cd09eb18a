import { defineConfig } from "prisma/config";

// `prisma migrate` needs the address of a database; `prisma generate` does not.
// oxlint-disable-next-line node/no-process-env
const url = process.env["DATABASE_URL"];

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  ...(url ? { datasource: { url } } : {}),
});
