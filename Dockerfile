# Spillway in one image: `docker build -t spillway .`, then
#   docker run -p 4000:4000 -v ./spillway.yaml:/opt/spillway/spillway.yaml:ro -e HOST=0.0.0.0 spillway
# Listening on every interface needs keys in the configuration; without keys Spillway serves loopback only.
FROM node:24-bookworm-slim

ENV NODE_ENV=production
WORKDIR /opt/spillway

# First the packages, so that a change in the source does not install them again.
# The image brings Node 24, so the pinned runtime (an optional dependency) stays out.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

COPY bin ./bin
COPY src ./src
COPY LICENSE README.md ./

# One start ahead leaves what Node makes of the source: every later one takes half the time and 20 MB less. Whose files they
# are matters: nobody else may read them.
RUN install -d -o node -g node node_modules/.cache
USER node
RUN timeout --preserve-status 10 node bin/spillway.js up --port 0
EXPOSE 4000

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/health/readiness').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# node itself is the first process and gets the signals; npm in between would only cost memory.
ENTRYPOINT ["node", "/opt/spillway/bin/spillway.js"]
CMD ["up"]
