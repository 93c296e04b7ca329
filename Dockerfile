# tenantry with its kustomize and git, and no root:
#   docker build --tag tenantry .
#   docker run --rm --user "$(id -u)" --volume "$PWD:/work" tenantry verify
#
# Two things are of the day of the build, because their security fixes come that way: the images, and Alpine's git. To build
# the same again, name the images by the digests that your own registry holds:
#   docker build --build-arg GO=golang@sha256:... --build-arg PYTHON=python@sha256:... --tag tenantry .
ARG GO=golang:1.26-alpine
ARG PYTHON=python:3.13-alpine

# kustomize as tools/kustomize pins it, every module of it by its sum.
FROM ${GO} AS kustomize
WORKDIR /tools
COPY tools/kustomize/go.mod tools/kustomize/go.sum ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /kustomize sigs.k8s.io/kustomize/kustomize/v5

# Every package by its hash; of those in the lock, only what the program itself needs reaches the environment.
FROM ${PYTHON} AS tenantry
WORKDIR /source
COPY requirements.lock ./
RUN pip download --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.lock --dest /packages
COPY . .
RUN python -m venv /tenantry \
 && /tenantry/bin/pip install --no-cache-dir --no-index --find-links /packages .

FROM ${PYTHON}
# hadolint ignore=DL3018 # Alpine keeps one version of a package, so a pinned one is gone with the next
RUN apk add --no-cache git \
 && git config --system --add safe.directory /work
COPY --from=kustomize /kustomize /usr/local/bin/kustomize
COPY --from=tenantry /tenantry /tenantry
ENV PATH=/tenantry/bin:$PATH
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["tenantry"]
CMD ["--help"]
