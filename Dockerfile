# One image for every role: ROLE=api, worker or all. Pin the base by its digest where you build it:
# --build-arg NODE_IMAGE=node:26-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:26-bookworm-slim
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
# What generates and tests goes: also the Prisma CLI with its studio and other databases' drivers.
RUN npm prune --omit=dev --omit=optional --ignore-scripts && rm -rf prisma.config.ts scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app ./
USER node
EXPOSE 4000
# Not through npm: signals must reach the process, so that it drains.
CMD ["node", "src/main.ts"]
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:4000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
