# The images: a target for each service, and, last, the program with all of them.
# Static binaries alone, without a shell, each under a user of its own.

FROM node:24-slim AS web
COPY . /src
WORKDIR /src/web
RUN npm ci --no-audit --no-fund
RUN npm run build

FROM golang:1.26 AS build
ARG COMMIT=unknown
COPY . /src
WORKDIR /src
COPY --from=web /src/web/dist web/dist
RUN make binaries BIN=/out/bin COMMIT="$COMMIT" && mkdir -p /out/data /out/tmp && chmod 700 /out/data && chmod 1777 /out/tmp

# What every image has: where certificates of others are known from, a place for
# temporary files, and settings.
FROM scratch AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/tmp /tmp
ENV DECENTRA_STATUS=:9100 DECENTRA_LOG_FORMAT=json
STOPSIGNAL SIGTERM

FROM base AS auth
COPY --from=build /out/bin/auth /bin/auth
ENV DECENTRA_DATA=/data/auth
USER 10002:10002
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/auth", "health"]
ENTRYPOINT ["/bin/auth"]

FROM base AS chat
COPY --from=build /out/bin/chat /bin/chat
ENV DECENTRA_DATA=/data/chat
USER 10003:10003
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/chat", "health"]
ENTRYPOINT ["/bin/chat"]

FROM base AS social
COPY --from=build /out/bin/social /bin/social
ENV DECENTRA_DATA=/data/social
USER 10004:10004
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/social", "health"]
ENTRYPOINT ["/bin/social"]

FROM base AS voice-signal
COPY --from=build /out/bin/voice-signal /bin/voice-signal
ENV DECENTRA_DATA=/data/voice-signal
USER 10005:10005
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/voice-signal", "health"]
ENTRYPOINT ["/bin/voice-signal"]

FROM base AS gateway
COPY --from=build /out/bin/gateway /bin/gateway
ENV DECENTRA_DATA=/data/gateway
USER 10006:10006
EXPOSE 8765/tcp 8765/udp
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/gateway", "health"]
ENTRYPOINT ["/bin/gateway"]

FROM base AS decentra
COPY --from=build /out/bin/decentra /bin/decentra
COPY --from=build --chown=10000:10000 /out/data /data
ENV DECENTRA_DATA=/data
USER 10000:10000
VOLUME /data
EXPOSE 8765/tcp 8765/udp
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/bin/decentra", "health"]
ENTRYPOINT ["/bin/decentra"]
