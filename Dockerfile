# One binary on an image without a shell, for `baraza serve` with a configuration and packs from outside:
#
#   docker build -t baraza .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -p 127.0.0.1:8080:8080 \
#     -v /etc/baraza:/etc/baraza:ro -v /srv/baraza:/srv/baraza:ro -v baraza:/var/lib/baraza \
#     --env-file /etc/baraza/secrets.env baraza
#
# The root stays read-only: all that is written lies in /var/lib/baraza. The user is 65532; files of secrets must be
# readable by it and by nobody else. docs/operations.md says the rest.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /baraza ./cmd/baraza && mkdir -p /data && mkdir -m 0700 /data/baraza

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /baraza /usr/bin/baraza
COPY --from=build --chown=65532:65532 /data /var/lib
USER 65532:65532
ENV BARAZA_CONFIG=/etc/baraza/baraza.yaml BARAZA_LISTEN=0.0.0.0:8080 BARAZA_DATA=/var/lib/baraza
EXPOSE 8080
VOLUME /var/lib/baraza
ENTRYPOINT ["/usr/bin/baraza"]
CMD ["serve"]
