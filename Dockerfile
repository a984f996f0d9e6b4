# syntax=docker/dockerfile:1

FROM denoland/deno:2.9.6 AS build
WORKDIR /app
ENV DENO_DIR=/deno-dir
# Apart from the source, so that a change of code downloads nothing again.
COPY deno.json deno.lock ./
COPY web/deno.json web/
RUN deno install --frozen
COPY . .
RUN deno task build \
    && deno cache --frozen main.ts routes/password_worker.ts ops/paths.ts ops/cluster/probe.ts

FROM denoland/deno:2.9.6
WORKDIR /app
ENV DENO_DIR=/deno-dir \
    DENO_NO_UPDATE_CHECK=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    LOG=json
# Root's, and read-only to the account the node runs under.
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
RUN install --directory --owner=deno --group=deno --mode=700 /data
VOLUME /data
EXPOSE 8080
USER deno
# A node that has lost its lease, its database or its bus gets no traffic; it is not restarted for that.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=2 \
    CMD ["deno", "run", "--cached-only", "--no-prompt", "--allow-env=PORT", "--allow-net=127.0.0.1", "ops/cluster/probe.ts"]
# As `deno task start`, which would build the page again; `exec` lets the node have the signals.
CMD ["sh", "-c", "exec deno run --cached-only --no-prompt --v8-flags=--max-semi-space-size=4 --allow-env --allow-net $(deno run --cached-only --allow-env=DATA_DIR ops/paths.ts) main.ts"]
