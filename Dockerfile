# Debian, not Alpine: the HTTP engines are linked against glibc (Debian 13 has the version that the newer one needs).
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY shared shared
COPY supervisor supervisor
COPY worker worker
COPY test test
# For the commit in `/status`: docker build --build-arg CCPROXY_COMMIT=$(git rev-parse --short HEAD) .
ARG CCPROXY_COMMIT=unknown
RUN CCPROXY_COMMIT=$CCPROXY_COMMIT npm run build && rm -rf dist/test && npm prune --omit=dev

FROM node:24-trixie-slim
WORKDIR /app
# The PID file tells `ccproxy status` where to look; /tmp can be written also where the file system is read-only.
ENV NODE_ENV=production CCPROXY_HOST=0.0.0.0 CCPROXY_PID_FILE=/tmp/ccproxy.json
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
EXPOSE 3456
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3456/status').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/supervisor/cli.js", "start"]
